import type { Flags } from "./flags.ts";
import { KubectlError } from "./kubectl-error.ts";

/** `--dry-run`: nothing, only print, or ask the server what would happen. */
type DryRun = "none" | "client" | "server";

/** Reads `--dry-run`. Errors: {@link KubectlError} for other values, and for the bare flag. */
export function dryRunOf(flags: Flags): DryRun {
  const text = flags.text("dry-run");
  if (text === "" || text === "none" || text === "client" || text === "server") return text === "" ? "none" : text;
  if (text === "unchanged")
    throw new KubectlError(`--dry-run flag without a value was specified. A value must be set: "none", "server", or "client".`);
  throw new KubectlError(`Invalid dry-run value (${text}). Must be "none", "server", or "client".`);
}

/** What is printed behind `configured` and the like. */
export function dryRunSuffix(dryRun: DryRun): string {
  return dryRun === "none" ? "" : ` (${dryRun === "server" ? "server " : ""}dry run)`;
}

/** `fieldValidation` of the API for `--validate`. Errors: {@link KubectlError} for other values. */
export function fieldValidationOf(flags: Flags): "Strict" | "Warn" | "Ignore" {
  const text = flags.text("validate");
  if (["", "true", "strict"].includes(text)) return "Strict";
  if (text === "warn") return "Warn";
  if (["false", "ignore"].includes(text)) return "Ignore";
  throw new KubectlError(`invalid - validate option "${text}"; must be one of: strict (or true), warn, ignore (or false)`);
}

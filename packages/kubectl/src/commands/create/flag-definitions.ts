import type { JsonObject } from "@skiff/api";
import type { Flags, FlagDefinitions } from "../../flags.ts";
import { KubectlError } from "../../kubectl-error.ts";

/** A flag that is given once. */
export const text = (help: string): FlagDefinitions[string] => ({ type: "string", help });

/** A flag that may be given again; its values are taken as they are. */
export const array = (help: string): FlagDefinitions[string] => ({ type: "array", help });

/** A flag that may be given again, and whose values are cut at commas. */
export const list = (help: string): FlagDefinitions[string] => ({ type: "list", help });

/** The value of a flag that must be there. Errors: {@link KubectlError} when it is not. */
export function required(flags: Flags, name: string): string {
  const value = flags.text(name);
  if (value === "") throw new KubectlError(`required flag(s) "${name}" not set`);
  return value;
}

/** `key=value,key=value`. Errors: {@link KubectlError} for a part without `=`. */
export const pairsOf = (given: string): JsonObject =>
  Object.fromEntries(
    given
      .split(",")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const [key = "", value] = pair.split("=");
        if (value === undefined) throw new KubectlError(`invalid argument syntax ${pair}, expected <resource>=<value>`);
        return [key, value];
      }),
  );

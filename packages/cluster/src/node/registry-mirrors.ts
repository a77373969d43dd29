import { existsSync, readFileSync } from "node:fs";
import type { RegistryMirror } from "@skiff/cri";
import { parse, stringify } from "yaml";
import { writeFileAtomically } from "../layout/atomic-file.ts";
import { UserError } from "../user-error.ts";

/**
 * The mirrors that the administrator named in `registries.yaml` of the cluster's data directory: a list of `registry`
 * (or `*`) and `endpoints`. No file means none.
 *
 * Errors: a {@link UserError} when the file is not such a list.
 */
export function readRegistryMirrors(file: string): RegistryMirror[] {
  if (!existsSync(file)) return [];
  const wrong = (cause?: unknown): UserError =>
    new UserError(
      `${file} is not a list of registry mirrors.`,
      'Write entries such as: - {registry: docker.io, endpoints: ["http://127.0.0.1:5000"]}',
      { cause },
    );
  let value: unknown;
  try {
    value = parse(readFileSync(file, "utf8")) ?? [];
  } catch (cause) {
    throw wrong(cause);
  }
  if (!Array.isArray(value)) throw wrong();
  return value.map((entry: unknown) => {
    const { registry, endpoints, insecureSkipVerify } = (entry ?? {}) as Partial<RegistryMirror>;
    if (typeof registry !== "string" || !Array.isArray(endpoints) || !endpoints.every((endpoint) => typeof endpoint === "string"))
      throw wrong();
    return { registry, endpoints, ...(insecureSkipVerify === undefined ? {} : { insecureSkipVerify }) };
  });
}

/** Writes the mirrors to the file that {@link readRegistryMirrors} reads; nodes take it up when they start. */
export function writeRegistryMirrors(file: string, mirrors: readonly RegistryMirror[]): void {
  writeFileAtomically(file, stringify(mirrors), 0o600);
}

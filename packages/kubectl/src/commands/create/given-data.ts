import { basename } from "node:path/posix";
import type { JsonObject } from "@skiff/api";
import type { FlagDefinitions } from "../../flags.ts";
import { KubectlError } from "../../kubectl-error.ts";
import type { Session } from "../../session.ts";
import { array } from "./flag-definitions.ts";

/** `--from-literal`, `--from-file`, `--from-env-file`, in bytes. */
export async function dataOf(session: Session): Promise<Map<string, Buffer>> {
  const { flags, io } = session;
  const data = new Map<string, Buffer>();
  const add = (key: string, value: Buffer): void => {
    if (data.has(key)) throw new KubectlError(`cannot add key "${key}", another key by that name already exists in Data for object`);
    data.set(key, value);
  };
  const read = async (path: string): Promise<Buffer> => {
    const bytes = await io.files.readBytes(path);
    if (bytes === undefined) throw new KubectlError(`error reading ${path}: no such file or directory`);
    return Buffer.from(bytes);
  };
  for (const source of flags.list("from-file")) {
    const equals = source.indexOf("=");
    const path = source.slice(equals + 1);
    const entries = equals < 0 ? await io.files.list(path) : undefined;
    if (entries === undefined) add(equals < 0 ? basename(path) : source.slice(0, equals), await read(path));
    for (const entry of entries ?? []) if (!entry.isDirectory) add(entry.name, await read(`${path}/${entry.name}`));
  }
  for (const literal of flags.list("from-literal")) {
    const equals = literal.indexOf("=");
    if (equals < 0) throw new KubectlError(`invalid literal source ${literal}, expected key=value`);
    add(literal.slice(0, equals), Buffer.from(literal.slice(equals + 1)));
  }
  for (const path of flags.list("from-env-file")) {
    for (const line of (await read(path)).toString("utf8").split(/\r?\n/)) {
      const trimmed = line.trimStart();
      if (trimmed === "" || trimmed.startsWith("#")) continue;
      const equals = trimmed.indexOf("=");
      if (equals < 0) add(trimmed, Buffer.from(io.env[trimmed] ?? ""));
      else add(trimmed.slice(0, equals), Buffer.from(trimmed.slice(equals + 1)));
    }
  }
  return data;
}

/** What {@link dataOf} reads. */
export const DATA_FLAGS: FlagDefinitions = {
  "from-literal": array("Specify a key and literal value (i.e. mykey=somevalue)"),
  "from-file": array("Key file can be specified using its file path, optionally with a key before it"),
  "from-env-file": array("Specify the path to a file to read lines of key=val pairs."),
  "append-hash": { type: "bool", help: "Not done; use kubectl.", hidden: true },
};

/** As the field `data` of a Secret. */
export const base64 = (data: ReadonlyMap<string, Buffer>): JsonObject =>
  Object.fromEntries([...data].map(([key, value]) => [key, value.toString("base64")]));

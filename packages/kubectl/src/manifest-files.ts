import { posix } from "node:path";
import { parseAllDocuments, type Document } from "yaml";
import { isJsonObject, type JsonObject, type JsonValue, type KubeObject } from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { Flags } from "./flags.ts";
import { KubectlError } from "./kubectl-error.ts";
import { readKustomization } from "./kustomization.ts";
import type { Session } from "./session.ts";

/** An object out of a manifest, and where it stands. */
export interface ManifestObject {
  readonly object: KubeObject & JsonObject;
  /** The file, URL or `STDIN`. */
  readonly source: string;
}

const EXTENSIONS = /\.(json|yaml|yml)$/;
/** A manifest that is read from standard input is at most so long. */
const MAX_STDIN_BYTES = 64 * 1024 * 1024;

/** All of standard input. Errors: {@link KubectlError} when it is longer than 64 MiB. */
export async function readStdin(stdin: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stdin) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_STDIN_BYTES) throw new KubectlError("standard input is longer than 64 MiB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** True when the command line names manifests. */
export function hasManifests(flags: Flags): boolean {
  return flags.has("filename") || flags.has("kustomize");
}

/** The objects of `-f` and `-k`, lists taken apart, in order. */
export async function readManifests(session: Session, flags: Flags): Promise<readonly ManifestObject[]> {
  const found: ManifestObject[] = [];
  if (flags.has("kustomize")) {
    if (flags.has("filename")) throw new KubectlError("only one of -f or -k can be specified");
    for (const object of await readKustomization(session.io.files, flags.text("kustomize")))
      found.push(...flatten(object, flags.text("kustomize")));
    return found;
  }
  for (const name of flags.list("filename")) {
    for (const { text, source } of await readSources(session, name, flags.bool("recursive"))) {
      for (const object of parseManifest(text, source)) found.push(...flatten(object, source));
    }
  }
  if (found.length === 0) throw new KubectlError("no objects passed to the command");
  return found;
}

async function readSources(session: Session, name: string, recursive: boolean): Promise<{ text: string; source: string }[]> {
  const { files, stdin, fetchText } = session.io;
  if (name === "-") return [{ text: (await readStdin(stdin)).toString("utf8"), source: "STDIN" }];
  if (/^https?:\/\//.test(name)) return [{ text: await fetchText(name), source: name }];
  const entries = await files.list(name);
  if (entries === undefined) {
    const text = await files.read(name);
    if (text === undefined) throw new KubectlError(`the path "${name}" does not exist`);
    return [{ text, source: name }];
  }
  const found: { text: string; source: string }[] = [];
  for (const entry of entries) {
    const path = posix.join(name, entry.name);
    if (entry.isDirectory) {
      if (recursive) found.push(...(await readSources(session, path, true)));
    } else if (EXTENSIONS.test(entry.name)) found.push({ text: (await files.read(path)) ?? "", source: path });
  }
  if (found.length === 0 && !recursive)
    throw new KubectlError(`error reading [${name}]: recognized file extensions are [.json .yaml .yml]`);
  return found;
}

/** The objects of a text of YAML documents or JSON. Errors: {@link KubectlError} that names the source. */
export function parseManifest(text: string, source: string): (KubeObject & JsonObject)[] {
  const objects: (KubeObject & JsonObject)[] = [];
  const documents = parseAllDocuments(text, { version: "1.1", merge: true, uniqueKeys: false });
  for (const document of documents as Document[]) {
    const [problem] = document.errors;
    if (problem !== undefined)
      throw new KubectlError(`error parsing ${source}: error converting YAML to JSON: yaml: ${problem.message.split("\n")[0]}`);
    let value: JsonValue;
    try {
      value = jsonOf(document.toJS({ maxAliasCount: 1000 }) as unknown);
    } catch (error) {
      throw new KubectlError(`error parsing ${source}: error converting YAML to JSON: ${messageOf(error)}`, { cause: error });
    }
    if (value === null) continue;
    if (!isJsonObject(value))
      throw new KubectlError(
        `error validating "${source}": error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false`,
      );
    if (Object.keys(value).length > 0) objects.push(value as KubeObject & JsonObject);
  }
  return objects;
}

/** YAML 1.1 reads times as dates; JSON has text for them. */
function jsonOf(value: unknown): JsonValue {
  if (value === undefined) return null;
  if (value instanceof Date) return value.toISOString().replace(".000Z", "Z");
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, jsonOf(child)]));
  return value as JsonValue;
}

function flatten(object: KubeObject & JsonObject, source: string): ManifestObject[] {
  if (!object.kind) throw new KubectlError(`unable to decode "${source}": Object 'Kind' is missing in '${JSON.stringify(object)}'`);
  if (!object.apiVersion)
    throw new KubectlError(
      `error validating "${source}": error validating data: apiVersion not set; if you choose to ignore these errors, turn validation off with --validate=false`,
    );
  const items = object.items as JsonValue | undefined;
  if (object.kind.endsWith("List") && Array.isArray(items)) {
    return items.flatMap((item) => flatten(item as unknown as KubeObject & JsonObject, source));
  }
  return [{ object, source }];
}

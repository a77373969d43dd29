import type { ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret } from "@skiff/api";
import { podField, resourceField, type NodeSideFields } from "../pod-fields.ts";
import { findContainer } from "../pod-containers.ts";
import type { PayloadFile } from "./atomic-writer.ts";

/** Which keys become which files. */
interface KeySelection {
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
  readonly defaultMode: number;
}

/** The files of a ConfigMap. Errors: throws when a key that is asked for is missing and not optional. */
export function configMapPayload(object: ConfigMap, selection: KeySelection): Map<string, PayloadFile> {
  const values = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(object.data ?? {})) values.set(key, Buffer.from(text, "utf8"));
  for (const [key, encoded] of Object.entries(object.binaryData ?? {})) values.set(key, Buffer.from(encoded, "base64"));
  return select(values, selection, "configmap references non-existent config key");
}

/** The files of a Secret. Errors: as for {@link configMapPayload}. */
export function secretPayload(object: Secret, selection: KeySelection): Map<string, PayloadFile> {
  const values = new Map<string, Uint8Array>();
  for (const [key, encoded] of Object.entries(object.data ?? {})) values.set(key, Buffer.from(encoded, "base64"));
  return select(values, selection, "references non-existent secret key");
}

function select(values: ReadonlyMap<string, Uint8Array>, selection: KeySelection, complaint: string): Map<string, PayloadFile> {
  const files = new Map<string, PayloadFile>();
  if (!selection.items?.length) {
    for (const [key, data] of values) files.set(key, { data, mode: selection.defaultMode });
    return files;
  }
  for (const { key, path, mode } of selection.items) {
    const data = values.get(key);
    if (data !== undefined) files.set(path, { data, mode: mode ?? selection.defaultMode });
    else if (selection.optional !== true) throw new Error(`${complaint}: ${key}`);
  }
  return files;
}

/** The files of the downward API. Errors: throws for fields that it does not have. */
export function downwardPayload(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  defaultMode: number,
  fields: NodeSideFields,
): Map<string, PayloadFile> {
  const files = new Map<string, PayloadFile>();
  for (const { path, fieldRef, resourceFieldRef, mode } of items) {
    let text = "";
    if (fieldRef) text = podField(pod, fieldRef.fieldPath, fields);
    else if (resourceFieldRef) {
      const target = findContainer(pod, resourceFieldRef.containerName ?? "")?.container;
      if (target === undefined) throw new Error(`container ${resourceFieldRef.containerName} not found`);
      text = resourceField(target, resourceFieldRef, fields);
    }
    files.set(path, { data: Buffer.from(text, "utf8"), mode: mode ?? defaultMode });
  }
  return files;
}

import { posix } from "node:path";
import { parse } from "yaml";
import type { JsonObject, KubeObject } from "@skiff/api";
import type { KubectlFiles } from "./io.ts";
import { KubectlError, notDone } from "./kubectl-error.ts";
import { parseManifest } from "./manifest-files.ts";

const NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/** What this reader understands; a kustomization with anything else is refused rather than half applied. */
const KNOWN = new Set([
  "apiVersion",
  "kind",
  "metadata",
  "resources",
  "bases",
  "namespace",
  "namePrefix",
  "nameSuffix",
  "commonAnnotations",
]);
/** How deep kustomizations may build on each other. */
const MAX_DEPTH = 20;

type Kustomization = {
  readonly resources?: readonly string[] | null;
  readonly bases?: readonly string[] | null;
  readonly namespace?: string;
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  readonly commonAnnotations?: Readonly<Record<string, string>>;
};

/**
 * The objects of a kustomization that only gathers resources and sets a namespace, affixes without references, or
 * annotations. Errors: {@link KubectlError} that names the field for everything that goes beyond.
 */
export async function readKustomization(files: KubectlFiles, directory: string, depth = 0): Promise<(KubeObject & JsonObject)[]> {
  if (depth > MAX_DEPTH) throw new KubectlError(`kustomizations are nested more than ${MAX_DEPTH} deep at ${directory}`);
  let text: string | undefined;
  for (const name of NAMES) text ??= await files.read(posix.join(directory, name));
  if (text === undefined)
    throw new KubectlError(
      `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${directory}'`,
    );
  const config = (parse(text) ?? {}) as Kustomization;
  for (const field of Object.keys(config)) if (!KNOWN.has(field)) throw notDone(`kustomization field ${field}`);
  if (config.namePrefix || config.nameSuffix) throw notDone("kustomization field namePrefix or nameSuffix");
  const objects: (KubeObject & JsonObject)[] = [];
  for (const resource of [...(config.bases ?? []), ...(config.resources ?? [])]) {
    if (/^https?:\/\/|^git@|github\.com/.test(resource)) throw notDone(`kustomization resource ${resource}`);
    const path = posix.join(directory, resource);
    if ((await files.list(path)) !== undefined) {
      objects.push(...(await readKustomization(files, path, depth + 1)));
      continue;
    }
    const manifest = await files.read(path);
    if (manifest === undefined)
      throw new KubectlError(`accumulating resources from '${resource}': open ${path}: no such file or directory`);
    objects.push(...parseManifest(manifest, path));
  }
  return objects.map((object) => changed(object, config));
}

const CLUSTER_WIDE = new Set([
  "Namespace",
  "Node",
  "PersistentVolume",
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "StorageClass",
  "PriorityClass",
  "IngressClass",
  "RuntimeClass",
  "APIService",
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
]);

function changed(object: KubeObject & JsonObject, { namespace, commonAnnotations }: Kustomization): KubeObject & JsonObject {
  const metadata = { ...object.metadata };
  if (namespace && !CLUSTER_WIDE.has(object.kind ?? "")) metadata.namespace = namespace;
  if (commonAnnotations) metadata.annotations = { ...metadata.annotations, ...commonAnnotations };
  return { ...object, metadata } as KubeObject & JsonObject;
}

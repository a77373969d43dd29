import { allKinds, type KindDefinition, type KubeObject } from "@skiff/api";
import { deepFreeze } from "@skiff/base";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";

/** What a test says of a request; the rest is filled in. `kind` is a kind's name, or `group/plural` where that is not enough. */
export interface TestRequest extends Partial<Omit<AdmissionRequest, "kind" | "object">> {
  readonly kind: string;
  readonly object?: object;
}

/** A request for tests, and what plug-ins said beside yes or no. */
interface RecordedRequest extends AdmissionRequest {
  readonly warnings: string[];
  readonly annotations: Map<string, string>;
}

/** Finds a built-in kind by its name or `group/plural`. */
export function testKind(name: string): KindDefinition {
  const found = allKinds.find((kind) => (name.includes("/") ? `${kind.group}/${kind.plural}` === name : kind.kind === name));
  if (found === undefined) throw new Error(`no kind ${name}`);
  return found;
}

/** Builds a request: a CREATE in the namespace `default` unless it says otherwise. */
export function testRequest({ kind, object, ...given }: TestRequest): RecordedRequest {
  const definition = testKind(kind);
  const copy = object === undefined ? undefined : (structuredClone(object) as KubeObject);
  const warnings: string[] = [];
  const annotations = new Map<string, string>();
  return {
    operation: "CREATE",
    subresource: "",
    namespace: definition.namespaced ? "default" : "",
    user: { name: "jane", groups: ["system:authenticated"] },
    dryRun: false,
    options: {},
    ...given,
    name: given.name ?? copy?.metadata?.name ?? "",
    kind: definition,
    object: copy,
    oldObject: given.oldObject === undefined ? undefined : deepFreeze(structuredClone(given.oldObject)),
    warn: (text) => void warnings.push(text),
    annotate: (key, value) => void annotations.set(key, value),
    warnings,
    annotations,
  };
}

/** Runs a plug-in as the pipeline does and answers the object. */
export async function admit<T = KubeObject>(plugin: AdmissionPlugin, request: AdmissionRequest): Promise<T> {
  await plugin.mutate?.(request);
  await plugin.validate?.(request);
  return request.object as T;
}

import { notFound, statusError, type StatusError } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { getCurrent, type ObjectReader } from "../object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { isAbout, nameOf, refusal } from "./refusal.ts";

const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);

/**
 * Objects are only written in namespaces that exist, and not created in those that are being deleted; some namespaces
 * cannot be deleted.
 */
export class NamespaceLifecycle implements AdmissionPlugin {
  readonly name = "NamespaceLifecycle";
  readonly #reader: ObjectReader;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    const { operation, namespace, kind } = request;
    const isNamespace = kind.group === "" && kind.plural === "namespaces";
    if (isNamespace && operation === "DELETE" && request.subresource === "" && IMMORTAL.has(request.name)) {
      throw refusal(request, "this namespace may not be deleted");
    }
    if (namespace === "" || isNamespace || operation === "DELETE" || operation === "CONNECT") return;
    if (isAbout(request, "authorization.k8s.io", "localsubjectaccessreviews")) return;
    const found = await getCurrent(this.#reader, RESOURCES.namespaces, undefined, namespace);
    if (found === undefined) throw notFound({ kind: "namespaces", name: namespace });
    if (operation === "CREATE" && found.status?.phase === "Terminating") throw terminating(request);
  }
}

/** The cause is what controllers recognise, so that they stop trying. */
function terminating(request: AdmissionRequest): StatusError {
  const { namespace, kind } = request;
  const error = refusal(request, `unable to create new content in namespace ${namespace} because it is being terminated`);
  return statusError("Forbidden", error.message, {
    name: nameOf(request),
    ...(kind.group === "" ? {} : { group: kind.group }),
    kind: kind.plural,
    causes: [{ reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" }],
  });
}

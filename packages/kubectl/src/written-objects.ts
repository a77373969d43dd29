import { PATCH_TYPES, type JsonObject, type KubeObject, type Query } from "@skiff/api";
import { dryRunOf, dryRunSuffix, fieldValidationOf } from "./dry-run.ts";
import { listOf, objectPrinter } from "./printers/object-printer.ts";
import { objectName, type SelectedObject } from "./selected-objects.ts";
import type { Session } from "./session.ts";

type AnyObject = KubeObject & JsonObject;

/** The query of a write: dry run, manager, checks, as the flags say. */
export function writeQuery(session: Session, defaultManager: string): Query {
  const { flags } = session;
  return {
    dryRun: dryRunOf(flags) === "server" ? "All" : undefined,
    fieldManager: flags.text("field-manager") || defaultManager,
    fieldValidation: flags.maybe("validate") === undefined ? undefined : fieldValidationOf(flags),
  };
}

/** Creates the object, in its namespace. */
export async function createObject(
  session: Session,
  { resource, namespace, object }: SelectedObject,
  manager = "kubectl-create",
): Promise<AnyObject> {
  return (await session.request(
    resource,
    { namespace },
    { method: "POST", query: writeQuery(session, manager), body: object },
  )) as AnyObject;
}

/** Sends a patch of the given type. */
export async function patchObject(
  session: Session,
  { resource, namespace, name }: Pick<SelectedObject, "resource" | "namespace" | "name">,
  patch: unknown,
  options: { readonly type: keyof typeof PATCH_TYPES; readonly manager: string; readonly subresource?: string; readonly query?: Query },
): Promise<AnyObject> {
  const { type, manager, subresource, query } = options;
  return (await session.request(
    resource,
    { namespace, name, subresource },
    { method: "PATCH", query: { ...writeQuery(session, manager), ...query }, headers: { "content-type": PATCH_TYPES[type] }, body: patch },
  )) as AnyObject;
}

/** Kinds of these groups have strategic merge patches; all others merge plainly. */
export function hasStrategicMerge(resource: { readonly group: string }): boolean {
  return !resource.group.includes(".") || resource.group.endsWith(".k8s.io") ? BUILT_IN_GROUPS.has(resource.group) : false;
}

const BUILT_IN_GROUPS = new Set([
  "",
  "admissionregistration.k8s.io",
  "apiregistration.k8s.io",
  "apps",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "extensions",
  "flowcontrol.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
]);

/** Reports what happened to objects: a line each (`pod/x created`), or what `-o` asks for. */
export class WriteReport {
  readonly #session: Session;
  readonly #objects: AnyObject[] = [];
  readonly #joined: boolean;

  /** With `joined` several objects are printed as one list at the end, as `apply` does. */
  constructor(session: Session, joined = false) {
    this.#session = session;
    this.#joined = joined;
  }

  async report(selected: Pick<SelectedObject, "resource" | "name">, object: AnyObject, outcome: string): Promise<void> {
    const { flags, io } = this.#session;
    const printer = await objectPrinter(this.#session, flags);
    const name = objectName(selected);
    const format = flags.text("output");
    if (printer === undefined) io.stdout(`${name} ${outcome}${dryRunSuffix(dryRunOf(flags))}\n`);
    else if (format === "name" || !this.#joined) io.stdout(printer.print(object, name));
    else this.#objects.push(object);
  }

  async end(): Promise<void> {
    const [first] = this.#objects;
    if (first === undefined) return;
    const printer = await objectPrinter(this.#session, this.#session.flags);
    this.#session.io.stdout(printer?.print(this.#objects.length === 1 ? first : listOf(this.#objects), "") ?? "");
  }
}

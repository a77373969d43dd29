import { isStatus, type JsonObject, type JsonValue, type KubeList, type KubeObject, type Pod, type ServiceAccount } from "@skiff/api";
import type { Command } from "../command.ts";
import { describeConfigMap, describeNamespace, describeNode, describeSecret, describeService } from "../describe/describe-cluster.ts";
import { describeEvents, eventsOf } from "../describe/describe-events.ts";
import { describePod } from "../describe/describe-pod.ts";
import { describeCronJob, describeDeployment, describeJob, describeReplicated } from "../describe/describe-workload.ts";
import { describeValue, Description } from "../describe/description.ts";
import { ALL_NAMESPACES, FILE_FLAGS, SELECTOR_FLAGS } from "../global-flags.ts";
import { KubectlError, throwAll } from "../kubectl-error.ts";
import { hasManifests } from "../manifest-files.ts";
import { parseResourceArguments } from "../resource-arguments.ts";
import { selectedItem, selectObjects, selectorQuery, type SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";

/** Kinds that have no events of their own in the description. */
const WITHOUT_EVENTS = new Set(["Namespace", "Secret", "Event", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]);

/** `kubectl describe`. */
export const describeCommand: Command = {
  name: "describe",
  summary: "Show details of a specific resource or group of resources",
  usage: "(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [options]",
  flags: {
    ...FILE_FLAGS,
    selector: SELECTOR_FLAGS.selector!,
    ...ALL_NAMESPACES,
    "show-events": { type: "bool", default: "true", help: "If true, display events related to the described object." },
    "chunk-size": { type: "string", default: "500", help: "Not used", hidden: true },
  },
  async run(session) {
    const { flags } = session;
    if (flags.args.length === 0 && !hasManifests(flags)) {
      throw new KubectlError(
        `You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.`,
      );
    }
    const errors: unknown[] = [];
    const selected = await select(session, errors);
    let count = 0;
    for (const one of selected) {
      if (count++ > 0) session.io.stdout("\n\n");
      session.io.stdout(await describe(session, one));
    }
    if (selected.length === 0 && errors.length === 0)
      session.warn(flags.bool("all-namespaces") ? "No resources found" : `No resources found in ${await session.namespace()} namespace.`);
    throwAll(errors);
  },
};

async function select(session: Session, errors: unknown[]): Promise<SelectedObject[]> {
  const { flags } = session;
  const found: SelectedObject[] = [];
  const options = { all: true, errors: [] as unknown[] };
  found.push(...(await selectObjects(session, flags, options)));
  for (const error of options.errors) {
    const matches = isStatus(error, "NotFound") ? await byPrefix(session, error.status.details?.name ?? "") : [];
    if (matches.length === 0) errors.push(error);
    found.push(...matches);
  }
  return found;
}

/** A name that nothing has may be the beginning of names. */
async function byPrefix(session: Session, prefix: string): Promise<SelectedObject[]> {
  if (prefix === "" || hasManifests(session.flags)) return [];
  const { targets } = await parseResourceArguments(await session.mapper(), session.flags.args);
  const found: SelectedObject[] = [];
  for (const { resource, names } of targets) {
    if (names?.includes(prefix) !== true) continue;
    const namespace = resource.namespaced ? await session.namespace() : undefined;
    const list = (await session.request(resource, { namespace }, { query: selectorQuery(session.flags) })) as KubeList<
      KubeObject & JsonObject
    >;
    for (const item of list.items) if (item.metadata?.name?.startsWith(prefix)) found.push(selectedItem(resource, item));
  }
  return found;
}

async function describe(session: Session, selected: SelectedObject): Promise<string> {
  const out = new Description();
  const { resource } = selected;
  const events =
    session.flags.bool("show-events") && !WITHOUT_EVENTS.has(resource.kind) ? eventsOf(session, selected) : Promise.resolve(undefined);
  await describeKind(out, session, selected);
  const found = await events;
  if (found !== undefined) describeEvents(out, found, session.io.host.clock.now());
  return out.toString();
}

function describeKind(out: Description, session: Session, selected: SelectedObject): Promise<void> | void {
  const { group, kind } = selected.resource;
  switch (`${group}/${kind}`) {
    case "/Pod":
      return describePod(out, selected.object as Pod);
    case "/Node":
      return describeNode(out, session, selected);
    case "/Service":
      return describeService(out, session, selected);
    case "/Namespace":
      return describeNamespace(out, session, selected);
    case "/ConfigMap":
      return describeConfigMap(out, selected);
    case "/ServiceAccount":
      return describeServiceAccount(out, selected);
    case "/Secret":
      return describeSecret(out, selected);
    case "apps/Deployment":
      return describeDeployment(out, session, selected);
    case "apps/ReplicaSet":
    case "apps/DaemonSet":
    case "apps/StatefulSet":
      return describeReplicated(out, session, selected);
    case "batch/Job":
      return describeJob(out, selected);
    case "batch/CronJob":
      return describeCronJob(out, selected);
    default:
      return describeAny(out, selected);
  }
}

function describeServiceAccount(out: Description, { object }: SelectedObject): void {
  const { metadata = {}, imagePullSecrets = [], secrets = [] } = object as ServiceAccount;
  out.field(0, "Name", metadata.name ?? "");
  out.field(0, "Namespace", metadata.namespace ?? "");
  out.pairs("Labels", metadata.labels);
  out.annotations(metadata.annotations);
  const lists: [string, readonly { readonly name?: string }[]][] = [["Image pull secrets", imagePullSecrets]];
  // A list of secrets that may be mounted is shown only where it means something.
  if (metadata.annotations?.["kubernetes.io/enforce-mountable-secrets"] === "true") lists.push(["Mountable secrets", secrets]);
  for (const [title, references] of lists) {
    const [first = "<none>", ...more] = references.map(({ name = "" }) => name);
    out.field(0, title, first);
    for (const name of more) out.line(0, `\t${name}`);
  }
}

/** Any other kind: its metadata, and then all of its fields. */
function describeAny(out: Description, { object, resource }: SelectedObject): void {
  const { metadata = {}, apiVersion, kind, ...rest } = object;
  out.field(0, "Name", metadata.name ?? "");
  out.field(0, "Namespace", resource.namespaced ? (metadata.namespace ?? "") : "");
  out.pairs("Labels", metadata.labels);
  out.annotations(metadata.annotations);
  out.field(0, "API Version", apiVersion ?? "");
  out.field(0, "Kind", kind ?? "");
  const {
    name: _name,
    namespace: _namespace,
    labels: _labels,
    annotations: _annotations,
    managedFields: _managedFields,
    ...others
  } = metadata;
  describeValue(out, 0, { metadata: others as unknown as JsonValue, ...(rest as Record<string, JsonValue>) });
}

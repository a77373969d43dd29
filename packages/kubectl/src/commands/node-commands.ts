import { sleep } from "@skiff/base";
import { isStatus, type JsonObject, type KubeList, type KubeObject, type Node, type Pod, type Taint } from "@skiff/api";
import type { Command } from "../command.ts";
import { changeObjects, mergedObject } from "../changed-objects.ts";
import { dryRunOf, dryRunSuffix } from "../dry-run.ts";
import { OUTPUT_FLAGS, SELECTOR_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError, throwAll } from "../kubectl-error.ts";
import { objectName, selectObjects, type SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";
import { patchObject } from "../written-objects.ts";

const POLL_MS = 1000;
/** A disruption budget that forbids an eviction is asked again after so long. */
const EVICTION_RETRY_MS = 5000;

const NODE_FLAGS: Command["flags"] = { "dry-run": WRITE_FLAGS["dry-run"]!, selector: SELECTOR_FLAGS.selector! };

async function nodesOf(session: Session): Promise<SelectedObject[]> {
  const { flags } = session;
  if (flags.args.length === 0 && flags.text("selector") === "")
    throw new KubectlError("must provide one or more resources by argument or filename");
  return selectObjects(session, flags, { words: ["nodes", ...flags.args] });
}

async function setUnschedulable(session: Session, node: SelectedObject, wanted: boolean): Promise<void> {
  const now = (node.object as Node).spec?.unschedulable ?? false;
  const verb = wanted ? "cordoned" : "uncordoned";
  const dryRun = dryRunOf(session.flags);
  if (now === wanted) {
    session.line(`${objectName(node)} already ${verb}${dryRunSuffix(dryRun)}`);
    return;
  }
  if (dryRun !== "client")
    await patchObject(
      session,
      node,
      { spec: { unschedulable: wanted || null } },
      { type: "strategic", manager: `kubectl-${wanted ? "cordon" : "uncordon"}` },
    );
  session.line(`${objectName(node)} ${verb}${dryRunSuffix(dryRun)}`);
}

function cordoner(name: "cordon" | "uncordon", wanted: boolean): Command {
  return {
    name,
    summary: `Mark node as ${wanted ? "unschedulable" : "schedulable"}`,
    usage: "NODE [options]",
    flags: NODE_FLAGS,
    async run(session) {
      for (const node of await nodesOf(session)) await setUnschedulable(session, node, wanted);
    },
  };
}

/** `kubectl drain`. */
const drain: Command = {
  name: "drain",
  summary: "Drain node in preparation for maintenance",
  usage: "NODE [options]",
  flags: {
    ...NODE_FLAGS,
    "chunk-size": { type: "string", default: "500", help: "Not used", hidden: true },
    "delete-emptydir-data": {
      type: "bool",
      help: "Continue even if there are pods using emptyDir (local data that will be deleted when the node is drained).",
    },
    "disable-eviction": { type: "bool", help: "Force drain to use delete, even if eviction is supported." },
    force: { type: "bool", help: "Continue even if there are pods that do not declare a controller." },
    "grace-period": { type: "string", default: "-1", help: "Period of time in seconds given to each pod to terminate gracefully." },
    "ignore-daemonsets": { type: "bool", help: "Ignore DaemonSet-managed pods." },
    "pod-selector": { type: "string", help: "Label selector to filter pods on the node" },
    "skip-wait-for-delete-timeout": { type: "string", default: "0", help: "Not used", hidden: true },
    timeout: { type: "string", default: "0s", help: "The length of time to wait before giving up, zero means infinite" },
  },
  async run(session) {
    for (const node of await nodesOf(session)) {
      await setUnschedulable(session, node, true);
      await drainNode(session, node);
      session.line(`${objectName(node)} drained${dryRunSuffix(dryRunOf(session.flags))}`);
    }
  },
};

async function drainNode(session: Session, node: SelectedObject): Promise<void> {
  const { flags, io } = session;
  const mapper = await session.mapper();
  const pods = await mapper.byKind("v1", "Pod");
  const labelSelector = flags.text("pod-selector") || undefined;
  const { items } = (await session.request(
    pods,
    {},
    { query: { fieldSelector: `spec.nodeName=${node.name}`, labelSelector } },
  )) as KubeList<Pod>;
  const reasons = new Map<string, string[]>();
  const warnings = new Map<string, string[]>();
  const add = (to: Map<string, string[]>, reason: string, pod: Pod): void =>
    void to.set(reason, [...(to.get(reason) ?? []), `${pod.metadata?.namespace}/${pod.metadata?.name}`]);
  const going = items.filter((pod) => {
    const { metadata = {}, spec, status } = pod;
    const finished = status?.phase === "Succeeded" || status?.phase === "Failed";
    const owner = metadata.ownerReferences?.find(({ controller }) => controller);
    if (metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) return false;
    if (owner?.kind === "DaemonSet" && !finished) {
      if (flags.bool("ignore-daemonsets")) add(warnings, "ignoring DaemonSet-managed Pods", pod);
      else add(reasons, "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)", pod);
      return false;
    }
    if (finished) return true;
    if (spec?.volumes?.some(({ emptyDir }) => emptyDir !== undefined) && !flags.bool("delete-emptydir-data"))
      add(reasons, "cannot delete Pods with local storage (use --delete-emptydir-data to override)", pod);
    if (owner === undefined) {
      if (flags.bool("force")) add(warnings, "deleting Pods that declare no controller", pod);
      else add(reasons, "cannot delete Pods that declare no controller (use --force to override)", pod);
    }
    return true;
  });
  if (reasons.size > 0) {
    const text = [...reasons].map(([reason, names]) => `${reason}: ${names.join(", ")}`).join(", ");
    throw new KubectlError(
      `unable to drain node "${node.name}" due to error: ${text}, continuing command...\nThere are pending nodes to be drained:\n ${node.name}\n${text}`,
    );
  }
  if (warnings.size > 0) session.warn(`Warning: ${[...warnings].map(([reason, names]) => `${reason}: ${names.join(", ")}`).join("; ")}`);
  const limitMs = flags.durationMs("timeout");
  const endMs = limitMs > 0 ? io.host.clock.monotonic() + limitMs : Number.POSITIVE_INFINITY;
  if (dryRunOf(flags) === "client") return;
  const results = await Promise.allSettled(going.map((pod) => evict(session, pod, endMs)));
  throwAll(results.flatMap((result) => (result.status === "rejected" ? [result.reason] : [])));
}

async function evict(session: Session, pod: Pod, endMs: number): Promise<void> {
  const { flags, io } = session;
  const { clock } = io.host;
  const pods = await (await session.mapper()).byKind("v1", "Pod");
  const { name = "", namespace = "", uid } = pod.metadata ?? {};
  const grace = flags.integer("grace-period");
  const deleteOptions = {
    ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}),
    ...(dryRunOf(flags) === "server" ? { dryRun: ["All"] } : {}),
  };
  const usesDelete = flags.bool("disable-eviction");
  session.line(`${usesDelete ? "deleting" : "evicting"} pod ${namespace}/${name}`);
  for (;;) {
    try {
      if (usesDelete)
        await session.request(
          pods,
          { namespace, name },
          { method: "DELETE", body: { apiVersion: "v1", kind: "DeleteOptions", ...deleteOptions } },
        );
      else
        await session.request(
          pods,
          { namespace, name, subresource: "eviction" },
          { method: "POST", body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace }, deleteOptions } },
        );
      break;
    } catch (error) {
      if (isStatus(error, "NotFound")) return;
      if (!isStatus(error, "TooManyRequests")) throw error;
      if (clock.monotonic() >= endMs)
        throw new KubectlError(`error when evicting pods/"${name}" -n "${namespace}": global timeout reached`, { cause: error });
      session.warn(`error when evicting pods/"${name}" -n "${namespace}" (will retry after 5s): ${error.message}`);
      await sleep(clock, EVICTION_RETRY_MS, io.signal);
    }
  }
  while (dryRunOf(flags) === "none") {
    try {
      const now = await session.get(pods, namespace, name);
      if (now.metadata?.uid !== uid) break;
    } catch (error) {
      if (isStatus(error, "NotFound")) break;
      throw error;
    }
    if (clock.monotonic() >= endMs)
      throw new KubectlError(`error when waiting for pod "${name}" in namespace "${namespace}" to terminate: global timeout reached`);
    await sleep(clock, POLL_MS, io.signal);
  }
  session.line(`pod/${name} ${usesDelete ? "deleted" : "evicted"}`);
}

interface TaintChanges {
  readonly add: readonly Taint[];
  readonly remove: readonly { readonly key: string; readonly effect: string }[];
}

function parseTaints(words: readonly string[]): TaintChanges {
  const add: Taint[] = [];
  const remove: { key: string; effect: string }[] = [];
  for (const word of words) {
    const [, key = "", value, effect, minus] = /^([^=:]+?)(?:=([^:]*))?(?::([A-Za-z]+))?(-)?$/.exec(word) ?? [];
    if (key === "" || (minus === undefined && effect === undefined)) throw new KubectlError(`unknown taint spec: ${word}`);
    if (effect !== undefined && !["NoSchedule", "PreferNoSchedule", "NoExecute"].includes(effect))
      throw new KubectlError(`invalid taint effect: ${effect}, unsupported taint effect`);
    if (minus !== undefined) remove.push({ key, effect: effect ?? "" });
    else add.push({ key, ...(value ? { value } : {}), effect: effect ?? "" });
  }
  return { add, remove };
}

/** `kubectl taint`. */
const taint: Command = {
  name: "taint",
  summary: "Update the taints on one or more nodes",
  usage: "NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N [options]",
  flags: {
    ...OUTPUT_FLAGS,
    ...WRITE_FLAGS,
    selector: SELECTOR_FLAGS.selector!,
    all: { type: "bool", help: "Select all nodes in the cluster" },
    overwrite: {
      type: "bool",
      help: "If true, allow taints to be overwritten, otherwise reject taint updates that overwrite existing taints.",
    },
  },
  async run(session) {
    const { flags } = session;
    const isTaint = (word: string): boolean => /[=:]/.test(word) || word.endsWith("-");
    const first = flags.args.findIndex((word, index) => index > 0 && isTaint(word));
    const words = first < 0 ? flags.args : flags.args.slice(0, first);
    const { add, remove } = parseTaints(first < 0 ? [] : flags.args.slice(first));
    if (add.length + remove.length === 0) throw new KubectlError("at least one taint update is required");
    await changeObjects(
      session,
      "kubectl-taint",
      ({ object, name }) => {
        const now = (object as unknown as Node).spec?.taints ?? [];
        for (const { key, effect } of add) {
          if (!flags.bool("overwrite") && now.some((one) => one.key === key && one.effect === effect))
            throw new KubectlError(`node ${name} already has ${key} taint(s) with same effect(s) and --overwrite is false`);
        }
        for (const { key, effect } of remove) {
          if (!now.some((one) => one.key === key && (effect === "" || one.effect === effect)))
            throw new KubectlError(`taint "${key}${effect ? `:${effect}` : ""}" not found`);
        }
        const kept = now.filter(
          (one) =>
            !remove.some(({ key, effect }) => one.key === key && (effect === "" || one.effect === effect)) &&
            !add.some(({ key, effect }) => one.key === key && one.effect === effect),
        );
        const taints = [...add, ...kept] as unknown as JsonObject[];
        const changed = mergedObject(object as KubeObject & JsonObject, { spec: { taints: taints.length > 0 ? taints : null } });
        const outcome = add.length === 0 ? "untainted" : remove.length > 0 ? "modified" : "tainted";
        return { object: changed, outcome };
      },
      { words, all: flags.bool("all") },
    );
  },
};

/** `cordon`, `drain`, `taint`, `uncordon`. */
export const nodeCommands: readonly Command[] = [cordoner("cordon", true), drain, taint, cordoner("uncordon", false)];

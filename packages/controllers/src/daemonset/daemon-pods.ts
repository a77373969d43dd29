import {
  daemonSetKind,
  requiredNodeMatcher,
  selectableNode,
  untolerated,
  type DaemonSet,
  type Node,
  type NodeSelectorTerm,
  type Pod,
  type PodSpec,
  type Toleration,
} from "@skiff/api";
import { controllerRefTo } from "@skiff/controller-kit";
import { podFromTemplate } from "../pods/pod-from-template.ts";
import { REVISION_HASH_LABEL } from "../revisions/controller-revisions.ts";

/** A daemon stays on a node that is in trouble: it may be what the trouble is mended with. */
function daemonTolerations(spec: PodSpec): readonly Toleration[] {
  const tolerate = (key: string, effect: string): Toleration => ({ key: `node.kubernetes.io/${key}`, operator: "Exists", effect });
  const tolerations = [
    tolerate("not-ready", "NoExecute"),
    tolerate("unreachable", "NoExecute"),
    tolerate("disk-pressure", "NoSchedule"),
    tolerate("memory-pressure", "NoSchedule"),
    tolerate("pid-pressure", "NoSchedule"),
    tolerate("unschedulable", "NoSchedule"),
  ];
  if (spec.hostNetwork) tolerations.push(tolerate("network-unavailable", "NoSchedule"));
  const present = spec.tolerations ?? [];
  const isNew = (one: Toleration): boolean =>
    !present.some(({ key, effect, operator }) => key === one.key && effect === one.effect && operator === one.operator);
  return [...present, ...tolerations.filter(isNew)];
}

/** What a node says to a daemon. */
interface NodeVerdict {
  /** A Pod should be made there. */
  readonly shouldRun: boolean;
  /** A Pod that is there may stay. */
  readonly shouldContinue: boolean;
}

/** Whether a DaemonSet belongs on a node. */
export function judgeNode(daemonSet: DaemonSet, node: Node): NodeVerdict {
  const spec = daemonSet.spec?.template?.spec ?? { containers: [] };
  const isAnotherNode = spec.nodeName !== undefined && spec.nodeName !== "" && spec.nodeName !== node.metadata?.name;
  if (isAnotherNode || requiredNodeMatcher({ spec })?.(selectableNode(node)) === false) return { shouldRun: false, shouldContinue: false };
  const tolerations = daemonTolerations(spec);
  const refuses = (effects: readonly string[]): boolean =>
    untolerated(node.spec?.taints?.filter(({ effect }) => effects.includes(effect)) ?? [], tolerations) !== undefined;
  return { shouldRun: !refuses(["NoSchedule", "NoExecute"]), shouldContinue: !refuses(["NoExecute"]) };
}

/** The Pod of a DaemonSet for one node. The scheduler binds it: its affinity admits that node only. */
export function daemonPod(daemonSet: DaemonSet, nodeName: string, hash: string): Pod {
  const { name = "", namespace = "" } = daemonSet.metadata ?? {};
  const template = daemonSet.spec?.template ?? {};
  const pod = podFromTemplate(template, { name, namespace }, controllerRefTo(daemonSetKind, daemonSet));
  const spec = template.spec ?? { containers: [] };
  const labels = {
    ...pod.metadata?.labels,
    [REVISION_HASH_LABEL]: hash,
    "pod-template-generation": daemonSet.metadata?.annotations?.["deprecated.daemonset.template.generation"] ?? "1",
  };
  return {
    ...pod,
    metadata: { ...pod.metadata, labels },
    spec: { ...spec, affinity: pinnedAffinity(spec, nodeName), tolerations: [...daemonTolerations(spec)] },
  };
}

function pinnedAffinity(spec: PodSpec, nodeName: string): PodSpec["affinity"] {
  const pin: NodeSelectorTerm = { matchFields: [{ key: "metadata.name", operator: "In", values: [nodeName] }] };
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  // The pin replaces the user's own terms: that they fit this node was decided here.
  const nodeSelectorTerms = terms?.length ? terms.map((term) => ({ ...term, matchFields: pin.matchFields })) : [pin];
  return {
    ...spec.affinity,
    nodeAffinity: { ...spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  };
}

/** The node that a daemon's Pod is on or meant for. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields } of terms) {
    const pin = matchFields?.find(({ key, operator, values }) => key === "metadata.name" && operator === "In" && values?.length === 1);
    if (pin !== undefined) return pin.values?.[0];
  }
  return undefined;
}

import type { DaemonSet, DaemonSetSpec, Deployment, DeploymentSpec, ReplicaSet, StatefulSet, StatefulSetSpec } from "../generated/types.ts";
import type { KindVersion, Leniency } from "../kind.ts";
import type { KubeObject } from "../object.ts";
import { removedVersion } from "./removed-version.ts";

/** The largest 32-bit integer: no limit. */
const UNLIMITED = 2_147_483_647;

/** Where `apps/v1` keeps what was `spec.templateGeneration` of a DaemonSet. */
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

const SELECTOR_MAY_CHANGE: ReadonlySet<Leniency> = new Set<Leniency>(["selector-change"]);

/** `apps` before v1: v1beta1 came with StatefulSets, v1beta2 asked for selectors. Both went in v1.16, as `extensions` did. */
const apps = { group: "apps", removedIn: 16 } as const;
const appsV1Beta1 = { ...apps, version: "v1beta1", deprecatedIn: 8 } as const;
const appsV1Beta2 = { ...apps, version: "v1beta2", deprecatedIn: 9 } as const;
const extensions = { group: "extensions", version: "v1beta1", storedGroup: "apps", deprecatedIn: 8, removedIn: 16 } as const;

type Workload = Deployment | ReplicaSet | DaemonSet | StatefulSet;

/** Before v1beta2 the selector came from the template's labels, and so did the object's own labels. */
function setSelectorFromTemplate(workload: Workload): void {
  const labels = workload.spec?.template?.metadata?.labels;
  if (workload.spec === undefined || labels === undefined) return;
  workload.spec.selector ??= { matchLabels: { ...labels } };
  workload.metadata ??= {};
  if (Object.keys(workload.metadata.labels ?? {}).length === 0) workload.metadata.labels = { ...labels };
}

function setExtensionsDeploymentDefaults(object: KubeObject): void {
  const deployment = object as Deployment;
  const spec = (deployment.spec ??= {} as DeploymentSpec);
  setSelectorFromTemplate(deployment);
  const strategy = (spec.strategy ??= {});
  strategy.type ||= "RollingUpdate";
  if (strategy.type === "RollingUpdate") {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= 1;
    strategy.rollingUpdate.maxSurge ??= 1;
  }
  spec.revisionHistoryLimit ??= UNLIMITED;
  spec.progressDeadlineSeconds ??= UNLIMITED;
}

function setAppsV1Beta1DeploymentDefaults(object: KubeObject): void {
  const deployment = object as Deployment;
  setSelectorFromTemplate(deployment);
  if (deployment.spec !== undefined) deployment.spec.revisionHistoryLimit ??= 2;
}

function setExtensionsDaemonSetDefaults(object: KubeObject): void {
  const daemonSet = object as DaemonSet;
  const spec = (daemonSet.spec ??= {} as DaemonSetSpec);
  setSelectorFromTemplate(daemonSet);
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= "OnDelete";
}

function setAppsV1Beta1StatefulSetDefaults(object: KubeObject): void {
  const statefulSet = object as StatefulSet;
  const spec = (statefulSet.spec ??= {} as StatefulSetSpec);
  setSelectorFromTemplate(statefulSet);
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= "OnDelete";
}

/** A DaemonSet's `spec` in `extensions/v1beta1`. */
type ExtensionsDaemonSetSpec = DaemonSetSpec & { templateGeneration?: number };

function daemonSetToExtensions(object: KubeObject): KubeObject {
  const { metadata, spec, ...rest } = object as DaemonSet;
  const { [TEMPLATE_GENERATION]: generation, ...annotations } = metadata?.annotations ?? {};
  if (spec === undefined || generation === undefined || !/^\d{1,15}$/.test(generation)) return object;
  const converted: DaemonSet = { ...rest, metadata: { ...metadata, annotations } };
  if (Object.keys(annotations).length === 0) delete converted.metadata?.annotations;
  converted.spec = { ...spec, templateGeneration: Number(generation) } as ExtensionsDaemonSetSpec;
  return converted;
}

function daemonSetFromExtensions(object: KubeObject): KubeObject {
  const { metadata, ...rest } = object as DaemonSet;
  if (rest.spec === undefined) return object;
  const { templateGeneration, ...spec } = rest.spec as ExtensionsDaemonSetSpec;
  if (templateGeneration === undefined) return object;
  const annotations = { ...metadata?.annotations, [TEMPLATE_GENERATION]: `${templateGeneration}` };
  return { ...rest, metadata: { ...metadata, annotations }, spec } as DaemonSet;
}

/** The versions of Deployments before `apps/v1`. */
export const removedDeploymentVersions: readonly KindVersion[] = [
  removedVersion({ ...appsV1Beta2, kind: "Deployment" }),
  removedVersion({
    ...appsV1Beta1,
    kind: "Deployment",
    applyDefaults: setAppsV1Beta1DeploymentDefaults,
    allows: SELECTOR_MAY_CHANGE,
  }),
  removedVersion({ ...extensions, kind: "Deployment", applyDefaults: setExtensionsDeploymentDefaults, allows: SELECTOR_MAY_CHANGE }),
];

/** The versions of ReplicaSets before `apps/v1`. */
export const removedReplicaSetVersions: readonly KindVersion[] = [
  removedVersion({ ...appsV1Beta2, kind: "ReplicaSet" }),
  removedVersion({
    ...extensions,
    kind: "ReplicaSet",
    applyDefaults: (object) => setSelectorFromTemplate(object as ReplicaSet),
    allows: SELECTOR_MAY_CHANGE,
  }),
];

/** The versions of DaemonSets before `apps/v1`. */
export const removedDaemonSetVersions: readonly KindVersion[] = [
  removedVersion({ ...appsV1Beta2, kind: "DaemonSet" }),
  removedVersion({
    ...extensions,
    kind: "DaemonSet",
    applyDefaults: setExtensionsDaemonSetDefaults,
    allows: SELECTOR_MAY_CHANGE,
    toStored: daemonSetFromExtensions,
    fromStored: daemonSetToExtensions,
  }),
];

/** The versions of StatefulSets before `apps/v1`. Their selector could not be changed in any. */
export const removedStatefulSetVersions: readonly KindVersion[] = [
  removedVersion({ ...appsV1Beta2, kind: "StatefulSet" }),
  removedVersion({ ...appsV1Beta1, kind: "StatefulSet", applyDefaults: setAppsV1Beta1StatefulSetDefaults }),
];

/** The versions of ControllerRevisions before `apps/v1`. */
export const removedControllerRevisionVersions: readonly KindVersion[] = [
  removedVersion({ ...appsV1Beta2, kind: "ControllerRevision" }),
  removedVersion({ ...appsV1Beta1, kind: "ControllerRevision" }),
];

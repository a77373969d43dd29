import { invalid, invalidValue, jsonEquals, type KubeObject, type Namespace, type Pod, type PodTemplateSpec } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../../admission.ts";
import type { ObjectReader } from "../../object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";
import { isAbout, refusal } from "../refusal.ts";
import type { CheckedPod } from "./pod-security-check.ts";
import {
  levelText,
  policyOfLabels,
  violationReasons,
  violationsOf,
  type LevelVersion,
  type PodSecurityPolicy,
} from "./pod-security-policy.ts";

const PRIVILEGED: LevelVersion = { level: "privileged", version: "latest" };

/** Upstream's default: nothing is asked of pods unless their namespace says so. */
const DEFAULT_POD_SECURITY: PodSecurityPolicy = { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED };

/** Past this many pods, the look at those of a namespace whose level rises stops; the warning says so. */
const MAX_EXISTING_PODS = 3000;

/** Kinds with a template for pods, and where it stands. */
const TEMPLATES: Readonly<Record<string, (object: KubeObject) => PodTemplateSpec | undefined>> = {
  "/replicationcontrollers": specTemplate,
  "/podtemplates": (object) => (object as { template?: PodTemplateSpec }).template,
  "apps/deployments": specTemplate,
  "apps/replicasets": specTemplate,
  "apps/daemonsets": specTemplate,
  "apps/statefulsets": specTemplate,
  "batch/jobs": specTemplate,
  "batch/cronjobs": (object) =>
    (object as { spec?: { jobTemplate?: { spec?: { template?: PodTemplateSpec } } } }).spec?.jobTemplate?.spec?.template,
};

function specTemplate(object: KubeObject): PodTemplateSpec | undefined {
  return (object as { spec?: { template?: PodTemplateSpec } }).spec?.template;
}

/**
 * The Pod Security Standards (KEP-2579): labels of a namespace say which level its pods must keep to (`enforce`), and
 * which violations are noted in the audit log or told to the client. Templates for pods are only warned about.
 */
export class PodSecurity implements AdmissionPlugin {
  readonly name = "PodSecurity";
  readonly #reader: ObjectReader;
  readonly #defaults: PodSecurityPolicy;

  constructor(reader: ObjectReader, defaults: PodSecurityPolicy = DEFAULT_POD_SECURITY) {
    this.#reader = reader;
    this.#defaults = defaults;
  }

  validate(request: AdmissionRequest): void {
    if (request.operation !== "CREATE" && request.operation !== "UPDATE") return;
    if (isAbout(request, "", "namespaces")) this.#namespace(request);
    else if (isAbout(request, "", "pods") || isAbout(request, "", "pods", "ephemeralcontainers")) this.#pod(request);
    else this.#template(request);
  }

  #policy(namespace: string): PodSecurityPolicy {
    return policyOfLabels(this.#reader.get(RESOURCES.namespaces, undefined, namespace)?.metadata?.labels, this.#defaults).policy;
  }

  #pod(request: AdmissionRequest): void {
    const pod = request.object as Pod;
    if (pod.spec === undefined) return;
    if (request.operation === "UPDATE" && request.subresource === "" && !matters(pod, request.oldObject as Pod)) return;
    const checked: CheckedPod = { metadata: pod.metadata, spec: pod.spec };
    const policy = this.#policy(request.namespace);
    request.annotate?.("pod-security.kubernetes.io/enforce-policy", levelText(policy.enforce));
    const enforced = violationsOf(policy.enforce.level, checked);
    this.#note(request, policy, checked, enforced === undefined);
    if (enforced !== undefined) throw refusal(request, `violates PodSecurity "${levelText(policy.enforce)}": ${enforced}`);
  }

  #template(request: AdmissionRequest): void {
    const template =
      request.subresource === "" && request.object
        ? TEMPLATES[`${request.kind.group}/${request.kind.plural}`]?.(request.object)
        : undefined;
    if (template?.spec === undefined) return;
    this.#note(request, this.#policy(request.namespace), { metadata: template.metadata, spec: template.spec }, true);
  }

  /** A request that is refused anyway gets no warnings on top. */
  #note(request: AdmissionRequest, { audit, warn }: PodSecurityPolicy, pod: CheckedPod, warns: boolean): void {
    const audited = violationsOf(audit.level, pod);
    if (audited !== undefined)
      request.annotate?.("pod-security.kubernetes.io/audit-violations", `would violate PodSecurity "${levelText(audit)}": ${audited}`);
    if (!warns) return;
    const warned = violationsOf(warn.level, pod);
    if (warned !== undefined) request.warn(`would violate PodSecurity "${levelText(warn)}": ${warned}`);
  }

  #namespace(request: AdmissionRequest): void {
    const namespace = request.object as Namespace;
    const { policy, problems } = policyOfLabels(namespace.metadata?.labels, this.#defaults);
    const before = policyOfLabels((request.oldObject as Namespace | undefined)?.metadata?.labels, this.#defaults);
    const isNew = (label: string): boolean => !before.problems.some((problem) => problem.label === label);
    if (problems.some(({ label }) => isNew(label))) {
      const errors = problems.map(({ label, value, detail }) => invalidValue(`metadata.labels[${label}]`, value, detail));
      throw invalid({ kind: "Namespace", name: namespace.metadata?.name }, errors);
    }
    if (request.operation === "UPDATE" && !jsonEquals(policy.enforce, before.policy.enforce)) this.#warnOfPods(request, policy.enforce);
  }

  #warnOfPods(request: AdmissionRequest, enforce: LevelVersion): void {
    if (enforce.level === "privileged") return;
    const name = request.name;
    const pods = this.#reader.list(RESOURCES.pods, name);
    const byReasons = new Map<string, string[]>();
    for (const pod of pods.slice(0, MAX_EXISTING_PODS)) {
      const reasons = pod.spec === undefined ? [] : violationReasons(enforce.level, { metadata: pod.metadata, spec: pod.spec });
      if (reasons.length === 0) continue;
      const key = reasons.join(", ");
      byReasons.set(key, [...(byReasons.get(key) ?? []), pod.metadata?.name ?? ""]);
    }
    if (pods.length > MAX_EXISTING_PODS)
      request.warn(`new PodSecurity enforce level only checked against the first ${MAX_EXISTING_PODS} of ${pods.length} existing pods`);
    if (byReasons.size === 0) return;
    request.warn(`existing pods in namespace "${name}" violate the new PodSecurity enforce level "${levelText(enforce)}"`);
    const lines = [...byReasons].map(([reasons, names]) => {
      const [first = "", ...others] = names.sort();
      if (others.length === 0) return `${first}: ${reasons}`;
      return `${first} (and ${others.length} other pod${others.length === 1 ? "" : "s"}): ${reasons}`;
    });
    for (const line of lines.sort()) request.warn(line);
  }
}

/** Changes of labels and tolerations are no reason to look at a running pod again; new images are. */
function matters(pod: Pod, old: Pod): boolean {
  const images = ({ spec }: Pod): unknown =>
    [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name, image }) => [name, image]);
  const appArmor = ({ metadata }: Pod): unknown =>
    Object.entries(metadata?.annotations ?? {}).filter(([key]) => key.includes("apparmor") || key.includes("seccomp"));
  return !jsonEquals([images(pod), appArmor(pod)], [images(old), appArmor(old)]);
}

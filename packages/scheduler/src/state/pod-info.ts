import { parseTime } from "@skiff/base";
import { claimsOfPod, objectKey, type ClaimUse, type Pod, type PodAffinityTerm, type WeightedPodAffinityTerm } from "@skiff/api";
import { affinityTerm, type AffinityTerm } from "./affinity-term.ts";
import { hostPortsOf, type HostPort } from "./host-ports.ts";
import { nonZeroRequestsOf, requestsOf, type Resources } from "./resources.ts";

const NONE: readonly never[] = [];

/** A Pod with everything about it that scheduling needs again and again, worked out once. Never changes. */
export class PodInfo {
  readonly pod: Pod;
  readonly key: string;
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly requests: Resources;
  readonly nonZero: { readonly milliCpu: number; readonly memory: number };
  readonly hostPorts: readonly HostPort[];
  readonly claims: readonly ClaimUse[];
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
  /** It is being deleted. */
  readonly terminating: boolean;

  constructor(pod: Pod) {
    const { metadata = {}, spec } = pod;
    this.pod = pod;
    this.key = objectKey(pod);
    this.uid = metadata.uid ?? this.key;
    this.name = metadata.name ?? "";
    this.namespace = metadata.namespace ?? "";
    this.labels = metadata.labels ?? {};
    this.priority = spec?.priority ?? 0;
    this.requests = requestsOf(pod);
    this.nonZero = nonZeroRequestsOf(pod, this.requests);
    this.hostPorts = hostPortsOf(pod);
    this.claims = claimsOfPod(this.name, spec);
    const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
    this.requiredAffinity = required(pod, podAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
    this.requiredAntiAffinity = required(pod, podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
    this.preferredAffinity = preferred(pod, podAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
    this.preferredAntiAffinity = preferred(pod, podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
    this.terminating = metadata.deletionTimestamp !== undefined;
  }

  get hasAffinity(): boolean {
    return (
      this.requiredAffinity.length > 0 ||
      this.requiredAntiAffinity.length > 0 ||
      this.preferredAffinity.length > 0 ||
      this.preferredAntiAffinity.length > 0
    );
  }

  /** When it started, in milliseconds since the epoch; for one that did not, infinitely late. */
  get startMs(): number {
    return parseTime(this.pod.status?.startTime) ?? Number.POSITIVE_INFINITY;
  }
}

function required(pod: Pod, terms: readonly PodAffinityTerm[] | undefined): readonly AffinityTerm[] {
  return terms?.map((term) => affinityTerm(pod, term)) ?? NONE;
}

function preferred(pod: Pod, terms: readonly WeightedPodAffinityTerm[] | undefined): readonly AffinityTerm[] {
  return terms?.map(({ podAffinityTerm, weight }) => affinityTerm(pod, podAffinityTerm, weight)) ?? NONE;
}

import {
  Quantity,
  podLimits,
  podRequests,
  readResourceList,
  type Container,
  type LimitRange,
  type LimitRangeItem,
  type PersistentVolumeClaim,
  type Pod,
  type ResourceAmounts,
} from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { ObjectReader } from "../object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { isAbout, joinReasons, refusal } from "./refusal.ts";

const ANNOTATION = "kubernetes.io/limit-ranger";

/** Gives containers the requests and limits that the namespace's LimitRanges say, and refuses what goes past these. */
export class LimitRanger implements AdmissionPlugin {
  readonly name = "LimitRanger";
  readonly #reader: ObjectReader;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  mutate(request: AdmissionRequest): void {
    if (!isAbout(request, "", "pods") || request.operation !== "CREATE") return;
    const pod = request.object as Pod;
    for (const range of this.#reader.list(RESOURCES.limitRanges, request.namespace)) applyDefaults(pod, range);
  }

  validate(request: AdmissionRequest): void {
    const isNewPod = isAbout(request, "", "pods") && request.operation === "CREATE";
    const isResized = isAbout(request, "", "pods", "resize") && request.operation === "UPDATE";
    const isClaim = isAbout(request, "", "persistentvolumeclaims") && (request.operation === "CREATE" || request.operation === "UPDATE");
    if (!isNewPod && !isResized && !isClaim) return;
    const problems = this.#reader
      .list(RESOURCES.limitRanges, request.namespace)
      .flatMap(({ spec }) => spec?.limits ?? [])
      .flatMap((item) =>
        isClaim ? claimProblems(item, request.object as PersistentVolumeClaim) : podProblems(item, request.object as Pod),
      );
    if (problems.length > 0) throw refusal(request, joinReasons(problems));
  }
}

function applyDefaults(pod: Pod, range: LimitRange): void {
  const requests = new Map<string, string>();
  const limits = new Map<string, string>();
  for (const item of range.spec?.limits ?? []) {
    if (item.type !== "Container") continue;
    for (const [name, amount] of Object.entries(item.defaultRequest ?? {})) requests.set(name, amount);
    for (const [name, amount] of Object.entries(item.default ?? {})) limits.set(name, amount);
  }
  const notes: string[] = [];
  const groups: [string, Container[]][] = [
    ["container", pod.spec?.containers ?? []],
    ["init container", pod.spec?.initContainers ?? []],
  ];
  for (const [what, containers] of groups) {
    for (const container of containers) {
      const set = fill(container, "requests", requests);
      if (set.length > 0) notes.push(`${set.join(", ")} request for ${what} ${container.name}`);
      const limited = fill(container, "limits", limits);
      if (limited.length > 0) notes.push(`${limited.join(", ")} limit for ${what} ${container.name}`);
    }
  }
  if (notes.length === 0) return;
  pod.metadata = {
    ...pod.metadata,
    annotations: { ...pod.metadata?.annotations, [ANNOTATION]: `LimitRanger plugin set: ${notes.join("; ")}` },
  };
}

/** Answers the names of the resources that were missing, sorted. */
function fill(container: Container, which: "requests" | "limits", defaults: ReadonlyMap<string, string>): string[] {
  const missing = [...defaults].filter(([name]) => container.resources?.[which]?.[name] === undefined);
  if (missing.length === 0) return [];
  container.resources = { ...container.resources, [which]: { ...container.resources?.[which], ...Object.fromEntries(missing) } };
  return missing.map(([name]) => name).sort();
}

function podProblems(item: LimitRangeItem, pod: Pod): string[] {
  if (item.type === "Pod") return problems(item, podRequests(pod), podLimits(pod), true);
  if (item.type !== "Container") return [];
  return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].flatMap(({ resources }) =>
    problems(item, readResourceList(resources?.requests), readResourceList(resources?.limits), true),
  );
}

function claimProblems(item: LimitRangeItem, claim: PersistentVolumeClaim): string[] {
  if (item.type !== "PersistentVolumeClaim") return [];
  const requests = readResourceList(claim.spec?.resources?.requests);
  return problems(item, requests, new Map(), false);
}

/** `hasLimits`: whether things of that kind have limits at all; claims only have requests. */
function problems(item: LimitRangeItem, requests: ResourceAmounts, limits: ResourceAmounts, hasLimits: boolean): string[] {
  const found: string[] = [];
  const shown = (text: string | undefined): string => text ?? "0";
  for (const [name, bound] of readResourceList(item.min)) {
    const request = requests.get(name);
    const limit = limits.get(name);
    const start = `minimum ${name} usage per ${item.type} is ${shown(item.min?.[name])}`;
    if (request === undefined) found.push(`${start}.  No request is specified`);
    else if (request.compare(bound) < 0) found.push(`${start}, but request is ${request.toString()}`);
    if (limit !== undefined && limit.compare(bound) < 0) found.push(`${start}, but limit is ${limit.toString()}`);
  }
  for (const [name, bound] of readResourceList(item.max)) {
    const request = requests.get(name);
    const limit = limits.get(name);
    const start = `maximum ${name} usage per ${item.type} is ${shown(item.max?.[name])}`;
    if (hasLimits && limit === undefined) found.push(`${start}.  No limit is specified`);
    if (limit !== undefined && limit.compare(bound) > 0) found.push(`${start}, but limit is ${limit.toString()}`);
    if (request !== undefined && request.compare(bound) > 0) found.push(`${start}, but request is ${request.toString()}`);
  }
  for (const [name, bound] of readResourceList(item.maxLimitRequestRatio)) {
    const problem = ratioProblem(requests.get(name) ?? Quantity.zero, limits.get(name) ?? Quantity.zero, bound);
    if (problem !== undefined)
      found.push(`${name} max limit to request ratio per ${item.type} is ${shown(item.maxLimitRequestRatio?.[name])}, ${problem}`);
  }
  return found;
}

function ratioProblem(request: Quantity, limit: Quantity, bound: Quantity): string | undefined {
  if (request.isZero) return "but no request is specified or request is 0";
  if (limit.isZero) return "but no limit is specified or limit is 0";
  // Whole numbers on both sides, so that nothing is lost: limit / request > bound.
  if (limit.nano * 1_000_000_000n <= bound.nano * request.nano) return undefined;
  return `but provided ratio is ${(limit.toNumber() / request.toNumber()).toFixed(6)}`;
}

import { semanticEqual, type DiscoveryEndpointPort, type Endpoint, type EndpointSlice, type OwnerReference } from "@skiff/api";
import { canonicalJson } from "../canonical-json.ts";

/** Which Service a slice belongs to. */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
/** Who keeps a slice up to date. */
export const MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by";

/** Endpoints that may share slices: one address type and the same ports. */
export interface EndpointGroup {
  readonly addressType: string;
  readonly ports: readonly DiscoveryEndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** What all slices of one owner have in common. */
interface SliceTemplate {
  readonly namespace: string;
  readonly generateName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owner: OwnerReference;
  /** Endpoints per slice. Default upstream: 100 for Services, 1000 for mirrored Endpoints. */
  readonly maxEndpoints: number;
}

/** Writes that bring the slices to the wanted state. */
export interface SlicesPlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
}

/**
 * Spreads the groups over slices with as few writes as possible: an endpoint stays in its slice; slices that change anyway
 * are filled up first; then, when the rest fits into one further slice, that one; else new slices are made. Slices are
 * never merged just to have fewer, as every write goes to every node.
 */
export function planSlices(groups: readonly EndpointGroup[], existing: readonly EndpointSlice[], template: SliceTemplate): SlicesPlan {
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  const remove: EndpointSlice[] = [];
  const byGroup = new Map<string, EndpointSlice[]>();
  for (const slice of existing) {
    if (slice.metadata?.deletionTimestamp !== undefined) continue;
    const key = groupKey(slice.addressType, slice.ports ?? []);
    byGroup.set(key, [...(byGroup.get(key) ?? []), slice]);
  }
  for (const group of groups) {
    const key = groupKey(group.addressType, group.ports);
    const plan = planGroup(group, byGroup.get(key) ?? [], template);
    byGroup.delete(key);
    create.push(...plan.create);
    update.push(...plan.update);
    remove.push(...plan.delete);
  }
  for (const slices of byGroup.values()) remove.push(...slices);
  return { create, update, delete: remove };
}

function groupKey(addressType: string, ports: readonly DiscoveryEndpointPort[]): string {
  // Defaulting writes what was left out; a port must be the same before and after it.
  const texts = ports.map(({ name = "", protocol = "TCP", port, appProtocol }) => canonicalJson({ name, protocol, port, appProtocol }));
  return canonicalJson([addressType, texts.sort()]);
}

/** What makes an endpoint the same one over time: its Pod, or else its address. */
function endpointKey({ targetRef, addresses }: Endpoint): string {
  return `${targetRef?.uid ?? ""} ${addresses.join(",")}`;
}

interface Draft {
  readonly slice: EndpointSlice;
  readonly endpoints: Endpoint[];
  isChanged: boolean;
}

function planGroup(group: EndpointGroup, existing: readonly EndpointSlice[], template: SliceTemplate): SlicesPlan {
  const wanted = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const drafts = existing.map((slice) => draftOf(slice, wanted, template));
  const rest = [...wanted.values()];
  const { maxEndpoints } = template;
  for (const draft of drafts) if (draft.isChanged) fill(draft, rest, maxEndpoints);
  if (rest.length > 0) {
    const fits = drafts.filter(({ isChanged, endpoints }) => !isChanged && endpoints.length + rest.length <= maxEndpoints);
    // The fullest that still has room, so that few slices stay half empty.
    const best = fits.sort((a, b) => b.endpoints.length - a.endpoints.length)[0];
    if (best !== undefined) fill(best, rest, maxEndpoints);
  }
  const create: EndpointSlice[] = [];
  while (rest.length > 0) create.push(newSlice(group, rest.splice(0, maxEndpoints), template));
  // An owner without endpoints keeps one empty slice, so that readers can tell "none" from "not known yet".
  if (group.endpoints.length === 0 && drafts.length === 0) create.push(newSlice(group, [], template));
  const keptEmpty = group.endpoints.length === 0 ? drafts[0] : undefined;
  const isKept = (draft: Draft): boolean => draft.endpoints.length > 0 || draft === keptEmpty;
  return {
    create,
    update: drafts.filter((draft) => draft.isChanged && isKept(draft)).map((draft) => written(draft, template)),
    delete: drafts.filter((draft) => !isKept(draft)).map(({ slice }) => slice),
  };
}

/** The slice without endpoints that are no longer wanted; takes those that it holds out of `wanted`. */
function draftOf(slice: EndpointSlice, wanted: Map<string, Endpoint>, template: SliceTemplate): Draft {
  let isChanged = !hasTemplate(slice, template);
  const endpoints: Endpoint[] = [];
  for (const present of slice.endpoints ?? []) {
    const key = endpointKey(present);
    const next = wanted.get(key);
    wanted.delete(key);
    if (next === undefined) {
      isChanged = true;
      continue;
    }
    const isSame = sameConditions(present.conditions, next.conditions) && semanticEqual(present, next);
    if (!isSame) isChanged = true;
    endpoints.push(isSame ? present : next);
  }
  return { slice, endpoints, isChanged };
}

/** `ready: false` differs from no condition at all, so conditions are compared as they stand. */
function sameConditions(a: Endpoint["conditions"] = {}, b: Endpoint["conditions"] = {}): boolean {
  return a.ready === b.ready && a.serving === b.serving && a.terminating === b.terminating;
}

function fill(draft: Draft, rest: Endpoint[], maxEndpoints: number): void {
  const added = rest.splice(0, Math.max(0, maxEndpoints - draft.endpoints.length));
  if (added.length === 0) return;
  draft.endpoints.push(...added);
  draft.isChanged = true;
}

function hasTemplate({ metadata }: EndpointSlice, template: SliceTemplate): boolean {
  const isOwned = metadata?.ownerReferences?.some(({ uid }) => uid === template.owner.uid) ?? false;
  return (
    isOwned && semanticEqual(metadata?.labels ?? {}, template.labels) && semanticEqual(metadata?.annotations ?? {}, template.annotations)
  );
}

function written({ slice, endpoints }: Draft, template: SliceTemplate): EndpointSlice {
  const { labels, annotations, owner } = template;
  return { ...slice, metadata: { ...slice.metadata, labels, annotations, ownerReferences: [owner] }, endpoints };
}

function newSlice(group: EndpointGroup, endpoints: Endpoint[], template: SliceTemplate): EndpointSlice {
  const { namespace, generateName, labels, annotations, owner } = template;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace, generateName, labels, annotations, ownerReferences: [owner] },
    addressType: group.addressType,
    endpoints,
    ports: [...group.ports],
  };
}

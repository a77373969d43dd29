import {
  isInQuotaScope,
  isStatus,
  parseQuantity,
  quotaUsageOf,
  unspecifiedForQuota,
  type KubeObject,
  type Pod,
  type Quantity,
  type QuotaUsage,
  type ResourceQuota,
} from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../../admission.ts";
import type { ObjectReader } from "../../object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";
import { refusal } from "../refusal.ts";

/** Writes the status of a quota. Errors: rejects with `Conflict` when the quota is not the stored one any more. */
export interface QuotaWriter {
  /** Answers the quota as it is stored now. */
  updateStatus(quota: ResourceQuota): Promise<ResourceQuota>;
}

/** Others (the quota controller, other API servers) write the status too; after this many conflicts the request fails. */
const MAX_ATTEMPTS = 10;

/**
 * Charges each new object to the quotas of its namespace before it is stored, and refuses it when one would be exceeded.
 * What is charged for a write that then fails, and what deletions free, the quota controller puts right.
 *
 * Guarantees: requests in one namespace are charged one after the other, and the charge is stored before the object is,
 * so that accepted objects never use more than the quota allows. Must be the last plug-in.
 */
export class ResourceQuotaAdmission implements AdmissionPlugin {
  readonly name = "ResourceQuota";
  readonly #reader: ObjectReader;
  readonly #writer: QuotaWriter;
  /** The end of the queue of each namespace in which something is being charged. */
  readonly #queues = new Map<string, Promise<void>>();

  constructor(reader: ObjectReader, writer: QuotaWriter) {
    this.#reader = reader;
    this.#writer = writer;
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const { namespace, object } = request;
    if (namespace === "" || object === undefined || !isCharged(request)) return;
    if (this.#reader.list(RESOURCES.resourceQuotas, namespace).length === 0) return;
    const added = addedUsage(request, object);
    if (added.size === 0 && request.operation === "UPDATE") return;
    await this.#inTurn(namespace, () => this.#charge(request, object, added));
  }

  /** Waiting is bounded by the number of requests in flight, which the server limits. */
  async #inTurn(namespace: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#queues.get(namespace) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => {});
    this.#queues.set(namespace, settled);
    try {
      await turn;
    } finally {
      if (this.#queues.get(namespace) === settled) this.#queues.delete(namespace);
    }
  }

  async #charge(request: AdmissionRequest, object: KubeObject, added: QuotaUsage): Promise<void> {
    const current = new Map<string, ResourceQuota>();
    for (const quota of this.#reader.list(RESOURCES.resourceQuotas, request.namespace)) current.set(quota.metadata?.name ?? "", quota);
    const charges = planCharges(request, object, added, current.values());
    if (request.dryRun) return;
    for (const name of charges.keys()) await this.#store(request, object, added, name, current);
  }

  async #store(
    request: AdmissionRequest,
    object: KubeObject,
    added: QuotaUsage,
    name: string,
    current: Map<string, ResourceQuota>,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const quota = current.get(name);
      if (quota === undefined) return;
      const charged = planCharges(request, object, added, [quota]).get(name);
      if (charged === undefined) return;
      try {
        await this.#writer.updateStatus(charged);
        return;
      } catch (error) {
        if (isStatus(error, "NotFound")) return;
        if (!isStatus(error, "Conflict") || attempt >= MAX_ATTEMPTS) throw error;
        const fresh = await this.#fresh(request.namespace, name);
        if (fresh === undefined) current.delete(name);
        else current.set(name, fresh);
      }
    }
  }

  async #fresh(namespace: string, name: string): Promise<ResourceQuota | undefined> {
    if (this.#reader.getLive !== undefined) return this.#reader.getLive(RESOURCES.resourceQuotas, namespace, name);
    return this.#reader.get(RESOURCES.resourceQuotas, namespace, name);
  }
}

/** Updates are only charged where they can make an object dearer. */
function isCharged({ operation, subresource, kind }: AdmissionRequest): boolean {
  const isPod = kind.group === "" && kind.plural === "pods";
  if (subresource !== "") return isPod && subresource === "resize" && operation === "UPDATE";
  if (operation === "CREATE") return true;
  return operation === "UPDATE" && kind.group === "" && (kind.plural === "services" || kind.plural === "persistentvolumeclaims");
}

function addedUsage({ operation, kind, oldObject }: AdmissionRequest, object: KubeObject): QuotaUsage {
  const usage = quotaUsageOf(kind, object);
  if (operation === "CREATE" || oldObject === undefined) return usage;
  for (const [name, before] of quotaUsageOf(kind, oldObject)) {
    const now = usage.get(name);
    if (now === undefined) continue;
    const more = now.sub(before);
    if (more.sign > 0) usage.set(name, more);
    else usage.delete(name);
  }
  return usage;
}

/** The quotas as they must be stored, by name. Errors: `Forbidden` when one of them would be exceeded. */
function planCharges(
  request: AdmissionRequest,
  object: KubeObject,
  added: QuotaUsage,
  quotas: Iterable<ResourceQuota>,
): Map<string, ResourceQuota> {
  const charges = new Map<string, ResourceQuota>();
  for (const quota of quotas) {
    const name = quota.metadata?.name ?? "";
    const hard = quota.status?.hard ?? {};
    const isPod = request.kind.group === "" && request.kind.plural === "pods";
    const concerned = [...added].filter(([resource]) => resource in hard);
    if (!isInQuotaScope(quota, request.kind.plural, object)) continue;
    const problem = isPod ? unspecifiedForQuota(object as Pod, Object.keys(hard)) : undefined;
    if (problem !== undefined) throw refusal(request, `failed quota: ${name}: ${problem}`);
    if (concerned.length === 0) continue;
    const used = quota.status?.used ?? {};
    const unknown = concerned.map(([resource]) => resource).filter((resource) => used[resource] === undefined);
    if (unknown.length > 0) throw refusal(request, `status unknown for quota: ${name}, resources: ${unknown.sort().join(",")}`);
    const next = concerned.map(([resource, more]) => [resource, parseQuantity(used[resource] ?? "0").add(more)] as const);
    const exceeded = next
      .filter(([resource, amount]) => amount.compare(parseQuantity(hard[resource] ?? "0")) > 0)
      .map(([resource]) => resource);
    if (exceeded.length > 0) throw refusal(request, exceededText(name, exceeded.sort(), added, used, hard));
    const nextUsed = { ...used, ...Object.fromEntries(next.map(([resource, amount]) => [resource, amount.toString()])) };
    charges.set(name, { ...quota, status: { ...quota.status, used: nextUsed } });
  }
  return charges;
}

function exceededText(
  quota: string,
  resources: readonly string[],
  added: ReadonlyMap<string, Quantity>,
  used: Readonly<Record<string, string>>,
  hard: Readonly<Record<string, string>>,
): string {
  const list = (amount: (resource: string) => string): string => resources.map((resource) => `${resource}=${amount(resource)}`).join(",");
  const requested = list((resource) => added.get(resource)?.toString() ?? "0");
  return `exceeded quota: ${quota}, requested: ${requested}, used: ${list((resource) => used[resource] ?? "0")}, limited: ${list((resource) => hard[resource] ?? "0")}`;
}

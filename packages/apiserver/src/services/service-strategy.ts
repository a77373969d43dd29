import { assert, type Random } from "@skiff/base";
import {
  internalError,
  invalid,
  invalidValue,
  isIpAddress,
  type FieldError,
  type KubeObject,
  type Service,
  type ServiceSpec,
} from "@skiff/api";
import type { CacheEvent } from "../registry/cache-event.ts";
import type { WatchCache } from "../registry/watch-cache.ts";
import { objectPath } from "../registry/store-keys.ts";
import type { StoredObject } from "../registry/stored-object.ts";
import type { KindStrategy, Reservation } from "../strategies/kind-strategy.ts";
import { AddressRange } from "./address-range.ts";
import { NumberLedger } from "./number-ledger.ts";
import { NumberPool, sparedBand } from "./number-pool.ts";

/** Where the addresses and node ports of Services come from. */
export interface ServiceRanges {
  /** CIDR of cluster addresses. Default `10.96.0.0/16`. */
  readonly clusterIps?: string;
  /** Both ends included. Default 30000 to 32767. */
  readonly nodePorts?: { readonly from: number; readonly to: number };
}

export const DEFAULT_CLUSTER_IP_RANGE = "10.96.0.0/16";
const DEFAULT_NODE_PORT_RANGE = { from: 30_000, to: 32_767 } as const;

const ALLOCATED_IP = "provided IP is already allocated";
const ALLOCATED_PORT = "provided port is already allocated";

/**
 * Gives Services their cluster addresses and node ports (`clusterIP`, `clusterIPs`, `nodePort`, `healthCheckNodePort`).
 *
 * Guarantees: no two Services of this server get the same address or node port; a number is given back when the object
 * that held it, or the write that asked for it, is gone. Addresses outside the range that older Services have stay valid.
 */
export class ServiceStrategy implements KindStrategy {
  readonly range: AddressRange;
  readonly answersDeletedObject = true;
  readonly #ports: { readonly from: number; readonly to: number };
  readonly #cache: WatchCache;
  readonly #ipPool: NumberPool;
  readonly #portPool: NumberPool;
  readonly #ips: NumberLedger;
  readonly #nodePorts: NumberLedger;
  /** Writes that are stored and that the cache does not show yet, by the object's path. */
  readonly #stored = new Map<string, ServiceReservation[]>();

  /** `cache`: the Services; may be filled before or after. */
  constructor(cache: WatchCache, random: Random, ranges: ServiceRanges = {}) {
    this.range = new AddressRange(ranges.clusterIps ?? DEFAULT_CLUSTER_IP_RANGE);
    this.#ports = ranges.nodePorts ?? DEFAULT_NODE_PORT_RANGE;
    const portCount = this.#ports.to - this.#ports.from + 1;
    assert(portCount > 0, "the range of node ports is empty");
    this.#cache = cache;
    this.#ipPool = new NumberPool(this.range.size, sparedBand(this.range.size, 16, 256), random);
    this.#portPool = new NumberPool(portCount, sparedBand(portCount, 32, 128), random);
    this.#ips = new NumberLedger((path, index) => this.#serviceAt(path, (service) => this.#ipIndexes(service).includes(index)));
    this.#nodePorts = new NumberLedger((path, port) => this.#serviceAt(path, (service) => nodePortsOf(service).includes(port)));
    for (const stored of cache.objects.select({ namespace: "", indexed: undefined, selects: undefined })) this.#note(stored);
    cache.observe((event) => this.#onEvent(event));
  }

  /**
   * Fills in what the Service lacks and checks what it asks for.
   *
   * Errors: `Invalid` when an address or port is out of range or taken; `InternalError` when none is left.
   */
  reserve(object: KubeObject, old: StoredObject | undefined): Reservation {
    const service = object as Service;
    const spec = (service.spec ??= {});
    const held = old === undefined ? undefined : (old.object as Service);
    const reservation = new ServiceReservation(this.#ips, this.#nodePorts, (done) => this.#keepUntilSeen(service, done));
    try {
      checkFamilies(service, this.range.family);
      this.#reserveIp(service, spec, held, reservation);
      this.#reserveNodePorts(service, spec, held, reservation);
      this.#reserveHealthCheckPort(spec, held, reservation);
    } catch (error) {
      reservation.release();
      throw error;
    }
    return reservation;
  }

  #reserveIp(service: Service, spec: ServiceSpec, held: Service | undefined, reservation: ServiceReservation): void {
    if (spec.type === "ExternalName" || spec.clusterIP === "None" || spec.clusterIPs?.[0] === "None") return;
    const wanted = spec.clusterIPs?.[0] ?? spec.clusterIP ?? "";
    if (wanted === "") {
      const index = this.#ipPool.choose((candidate) => this.#ips.isFree(candidate));
      if (index === undefined) throw internalError("failed to allocate a serviceIP: range is full");
      reservation.addIp(index);
      spec.clusterIP = this.range.address(index);
      spec.clusterIPs = [spec.clusterIP];
      return;
    }
    // What is no address, or of a family that was not asked for, validation says better.
    if (!isIpAddress(wanted) || held?.spec?.clusterIPs?.includes(wanted)) return;
    const refuse = (why: string): Error =>
      invalidService(service, [invalidValue("spec.clusterIPs", spec.clusterIPs ?? [wanted], `failed to allocate IP ${wanted}: ${why}`)]);
    const index = this.range.indexOf(wanted);
    if (index === undefined) {
      throw refuse(`the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${this.range.cidr}`);
    }
    if (!this.#ips.isFree(index)) throw refuse(ALLOCATED_IP);
    reservation.addIp(index);
  }

  #reserveNodePorts(service: Service, spec: ServiceSpec, held: Service | undefined, reservation: ServiceReservation): void {
    if (!needsNodePorts(spec)) return;
    const heldPorts = held?.spec !== undefined && needsNodePorts(held.spec) ? nodePortsOf(held) : [];
    const ports = spec.ports ?? [];
    for (const [index, port] of ports.entries()) {
      if (!port.nodePort) {
        // One number serves both TCP and UDP of the same port, as DNS servers want it.
        const shared = ports.find(
          (other) => other !== port && other.port === port.port && other.protocol !== port.protocol && other.nodePort,
        );
        if (shared?.nodePort !== undefined) {
          port.nodePort = shared.nodePort;
        } else {
          const chosen = this.#portPool.choose((candidate) => this.#nodePorts.isFree(candidate + this.#ports.from));
          if (chosen === undefined) throw internalError("failed to allocate a nodePort: range is full");
          port.nodePort = chosen + this.#ports.from;
        }
      }
      if (heldPorts.includes(port.nodePort) || reservation.hasNodePort(port.nodePort)) continue;
      const problem = this.#nodePortProblem(port.nodePort);
      if (problem !== undefined) throw invalidService(service, [invalidValue(`spec.ports[${index}].nodePort`, port.nodePort, problem)]);
      reservation.addNodePort(port.nodePort);
    }
  }

  #reserveHealthCheckPort(spec: ServiceSpec, held: Service | undefined, reservation: ServiceReservation): void {
    if (spec.type !== "LoadBalancer" || spec.externalTrafficPolicy !== "Local") return;
    if (spec.healthCheckNodePort && spec.healthCheckNodePort === held?.spec?.healthCheckNodePort) return;
    if (spec.healthCheckNodePort) {
      const problem = this.#nodePortProblem(spec.healthCheckNodePort);
      if (problem !== undefined) {
        throw internalError(`failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}: ${problem}`);
      }
    } else {
      const chosen = this.#portPool.choose((candidate) => this.#nodePorts.isFree(candidate + this.#ports.from));
      if (chosen === undefined) throw internalError("failed to allocate a HealthCheck NodePort <auto>: range is full");
      spec.healthCheckNodePort = chosen + this.#ports.from;
    }
    reservation.addNodePort(spec.healthCheckNodePort);
  }

  #nodePortProblem(port: number): string | undefined {
    const { from, to } = this.#ports;
    if (port < from || port > to) return `provided port is not in the valid range. The range of valid ports is ${from}-${to}`;
    return this.#nodePorts.isFree(port) ? undefined : ALLOCATED_PORT;
  }

  #onEvent({ current, previous }: CacheEvent): void {
    const seen = current ?? previous;
    if (seen === undefined) return;
    if (current !== undefined) this.#note(current);
    const path = objectPath(seen.namespace, seen.name);
    for (const reservation of this.#stored.get(path) ?? []) reservation.release();
    this.#stored.delete(path);
    if (current !== undefined || previous === undefined) return;
    for (const index of this.#ipIndexes(previous.object)) this.#ips.forgetHolder(index, path);
    for (const port of nodePortsOf(previous.object)) this.#nodePorts.forgetHolder(port, path);
  }

  #note(stored: StoredObject): void {
    const path = objectPath(stored.namespace, stored.name);
    for (const index of this.#ipIndexes(stored.object)) this.#ips.noteHolder(index, path);
    for (const port of nodePortsOf(stored.object)) this.#nodePorts.noteHolder(port, path);
  }

  /** Between the store's acknowledgement and the cache's event the numbers stay reserved. */
  #keepUntilSeen(service: Service, reservation: ServiceReservation): void {
    const path = objectPath(service.metadata?.namespace ?? "", service.metadata?.name ?? "");
    if (this.#serviceAt(path, (stored) => reservation.isHeldBy(this.#ipIndexes(stored), nodePortsOf(stored)))) {
      reservation.release();
      return;
    }
    const waiting = this.#stored.get(path);
    if (waiting === undefined) this.#stored.set(path, [reservation]);
    else waiting.push(reservation);
  }

  #serviceAt(path: string, check: (service: Service) => boolean): boolean {
    const slash = path.indexOf("/");
    const stored = this.#cache.objects.get(path.slice(0, Math.max(0, slash)), path.slice(slash + 1));
    return stored !== undefined && check(stored.object);
  }

  #ipIndexes(service: Service): number[] {
    const { clusterIP, clusterIPs } = service.spec ?? {};
    const addresses = clusterIPs ?? (clusterIP ? [clusterIP] : []);
    return addresses.map((address) => this.range.indexOf(address)).filter((index) => index !== undefined);
  }
}

/** The numbers of one write under way. */
class ServiceReservation implements Reservation {
  readonly #ips: NumberLedger;
  readonly #nodePorts: NumberLedger;
  readonly #onStored: (reservation: ServiceReservation) => void;
  #reservedIps: number[] = [];
  #reservedNodePorts: number[] = [];

  constructor(ips: NumberLedger, nodePorts: NumberLedger, onStored: (reservation: ServiceReservation) => void) {
    this.#ips = ips;
    this.#nodePorts = nodePorts;
    this.#onStored = onStored;
  }

  addIp(index: number): void {
    this.#ips.reserve(index);
    this.#reservedIps.push(index);
  }

  addNodePort(port: number): void {
    this.#nodePorts.reserve(port);
    this.#reservedNodePorts.push(port);
  }

  hasNodePort(port: number): boolean {
    return this.#reservedNodePorts.includes(port);
  }

  isHeldBy(ips: readonly number[], nodePorts: readonly number[]): boolean {
    return this.#reservedIps.every((index) => ips.includes(index)) && this.#reservedNodePorts.every((port) => nodePorts.includes(port));
  }

  commit(): void {
    this.#onStored(this);
  }

  release(): void {
    for (const index of this.#reservedIps.splice(0)) this.#ips.release(index);
    for (const port of this.#reservedNodePorts.splice(0)) this.#nodePorts.release(port);
  }
}

function needsNodePorts(spec: ServiceSpec): boolean {
  return spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
}

function nodePortsOf(service: Service): number[] {
  const { ports = [], healthCheckNodePort } = service.spec ?? {};
  return [...ports.map((port) => port.nodePort), healthCheckNodePort].filter((port): port is number => !!port);
}

/** Only one family is served: asking for the other one, or for both, is refused. */
function checkFamilies(service: Service, family: "IPv4" | "IPv6"): void {
  const { type, clusterIP, selector, ipFamilies = [], ipFamilyPolicy } = service.spec ?? {};
  const isFreeToChoose = clusterIP === "None" && Object.keys(selector ?? {}).length === 0;
  if (type === "ExternalName" || isFreeToChoose) return;
  const errors: FieldError[] = [];
  if (ipFamilyPolicy === "RequireDualStack") {
    errors.push(invalidValue("spec.ipFamilyPolicy", ipFamilyPolicy, "this cluster is not configured for dual-stack services"));
  }
  for (const [index, wanted] of ipFamilies.entries()) {
    const isOther = (wanted === "IPv4" || wanted === "IPv6") && wanted !== family;
    if (isOther) errors.push(invalidValue(`spec.ipFamilies[${index}]`, wanted, "not configured on this cluster"));
  }
  if (errors.length > 0) throw invalidService(service, errors);
}

function invalidService(service: Service, errors: readonly FieldError[]): Error {
  return invalid({ kind: "Service", name: service.metadata?.name ?? "" }, errors);
}

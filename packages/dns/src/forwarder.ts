import type { Clock } from "@skiff/base";
import { decode, encode, type Answer, type DecodedPacket, type Packet } from "dns-packet";
import type { DnsSockets } from "./sockets.ts";

/** At most so many answers are kept; the oldest go first. */
const CACHE_LIMIT = 4096;
/** At most so many questions wait for an answer; more are refused. */
const PENDING_LIMIT = 1024;
const TIMEOUT_MS = 2000;
const LONGEST_CACHE_SECONDS = 300;
const NEGATIVE_CACHE_SECONDS = 10;

const NO_ERROR = 0;
const NO_SUCH_NAME = 3;

/** The response code of a message: the last four bits of its flags (RFC 1035, 4.1.1). */
export function responseCode(packet: DecodedPacket): number {
  return (packet.flags ?? 0) & 15;
}

/** Thrown when no server could be asked. */
class ForwardError extends Error {
  override readonly name = "ForwardError";
}

interface Cached {
  readonly packet: DecodedPacket;
  readonly storedMs: number;
  readonly expiresMs: number;
}

/** Asks the servers of the machine, in order, and remembers what they say for as long as they allow. */
export class Forwarder {
  readonly #sockets: DnsSockets;
  readonly #clock: Clock;
  readonly #servers: () => readonly string[];
  readonly #cache = new Map<string, Cached>();
  readonly #pending = new Map<string, Promise<DecodedPacket>>();
  #nextId = 1;

  /** `servers` is asked at each question, because the machine may move to another network. */
  constructor(sockets: DnsSockets, clock: Clock, servers: () => readonly string[]) {
    this.#sockets = sockets;
    this.#clock = clock;
    this.#servers = servers;
  }

  /**
   * The answer of a server to a question.
   * Errors: {@link ForwardError} when there is no server, none answers, or too many questions wait.
   */
  async ask(name: string, type: string): Promise<DecodedPacket> {
    const key = `${name.toLowerCase()} ${type}`;
    const cached = this.#cache.get(key);
    const nowMs = this.#clock.monotonic();
    if (cached !== undefined && cached.expiresMs > nowMs) return aged(cached.packet, nowMs - cached.storedMs);
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    if (this.#pending.size >= PENDING_LIMIT) throw new ForwardError(`${PENDING_LIMIT} questions wait for an answer already`);
    const asking = this.#askServers(name, type).finally(() => this.#pending.delete(key));
    this.#pending.set(key, asking);
    const packet = await asking;
    this.#remember(key, packet);
    return packet;
  }

  async #askServers(name: string, type: string): Promise<DecodedPacket> {
    const servers = this.#servers();
    if (servers.length === 0) throw new ForwardError("the machine has no name server to ask");
    let last: unknown;
    for (const server of servers) {
      try {
        return await this.#askServer(server, name, type);
      } catch (error) {
        last = error;
      }
    }
    throw new ForwardError("no name server answered", { cause: last });
  }

  async #askServer(server: string, name: string, type: string): Promise<DecodedPacket> {
    const id = (this.#nextId = (this.#nextId % 65_535) + 1);
    const packet: Packet = { type: "query", id, flags: 0x0100, questions: [{ name, type: type as "A" }] };
    const message = encode(packet);
    let reply = decode(Buffer.from(await this.#sockets.exchange(server, message, "udp", TIMEOUT_MS)));
    if (reply.flag_tc) reply = decode(Buffer.from(await this.#sockets.exchange(server, message, "tcp", TIMEOUT_MS)));
    // A reply to another question is a mistake or an attempt to poison the cache.
    if (reply.id !== id || reply.questions?.[0]?.name.toLowerCase() !== name.toLowerCase())
      throw new ForwardError(`${server} answered another question`);
    return reply;
  }

  #remember(key: string, packet: DecodedPacket): void {
    if (responseCode(packet) !== NO_ERROR && responseCode(packet) !== NO_SUCH_NAME) return;
    const ttls = (packet.answers ?? []).map((record) => ("ttl" in record ? (record.ttl ?? 0) : 0));
    const seconds = ttls.length === 0 ? NEGATIVE_CACHE_SECONDS : Math.min(LONGEST_CACHE_SECONDS, ...ttls);
    if (seconds <= 0) return;
    this.#cache.delete(key);
    const storedMs = this.#clock.monotonic();
    this.#cache.set(key, { packet, storedMs, expiresMs: storedMs + seconds * 1000 });
    if (this.#cache.size > CACHE_LIMIT) {
      const oldest = this.#cache.keys().next();
      if (!oldest.done) this.#cache.delete(oldest.value);
    }
  }
}

/** The packet as it is to be told after some time: whoever gets it may remember it for what is left, and not anew. */
function aged(packet: DecodedPacket, ageMs: number): DecodedPacket {
  const older = (records: Answer[] | undefined): Answer[] | undefined =>
    records?.map((record) =>
      "ttl" in record && record.ttl !== undefined ? { ...record, ttl: Math.max(0, record.ttl - Math.floor(ageMs / 1000)) } : record,
    );
  return { ...packet, answers: older(packet.answers), authorities: older(packet.authorities) };
}

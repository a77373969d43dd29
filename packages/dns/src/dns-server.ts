import { messageOf, type Logger } from "@skiff/base";
import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
  type Answer,
  type DecodedPacket,
  type Packet,
} from "dns-packet";
import { answer, TTL_SECONDS, type ClusterAnswer, type Question } from "./answer.ts";
import type { ClusterRecords } from "./cluster-records.ts";
import { responseCode, type Forwarder } from "./forwarder.ts";
import type { DnsRequest, DnsSockets } from "./sockets.ts";

/** What a {@link DnsServer} works on. */
interface DnsServerOptions {
  readonly log: Logger;
  readonly sockets: DnsSockets;
  readonly records: ClusterRecords;
  /** The cluster's domain, for example `cluster.local`. */
  readonly domain: string;
  readonly forwarder: Forwarder;
}

/** Response codes (RFC 1035, 4.1.1). */
const CODE = { ok: 0, formatError: 1, serverFailure: 2, noSuchName: 3, notImplemented: 4, refused: 5 } as const;
/** The size of a UDP answer when the client names none (RFC 1035), and the largest that we send (DNS flag day 2020). */
const PLAIN_UDP_BYTES = 512;
const LARGEST_UDP_BYTES = 1232;
/** At most so many questions are worked on; more are dropped, and clients ask again. */
const IN_FLIGHT_LIMIT = 2048;

/** Answers for the cluster's own names and asks the machine's name servers for all others. */
export class DnsServer {
  readonly #options: DnsServerOptions;
  #inFlight = 0;

  constructor(options: DnsServerOptions) {
    this.#options = options;
  }

  /** Listens; answers the port. Errors: rejects when the address is in use. */
  listen(address: string, port: number): Promise<number> {
    return this.#options.sockets.listen(address, port, (request) => {
      void this.#serve(request);
    });
  }

  async #serve(request: DnsRequest): Promise<void> {
    if (this.#inFlight >= IN_FLIGHT_LIMIT) return;
    this.#inFlight++;
    try {
      const reply = await this.respond(request.message, request.transport);
      if (reply !== undefined) request.reply(reply);
    } catch (error) {
      this.#options.log.warn("a question could not be answered", { error: messageOf(error) });
    } finally {
      this.#inFlight--;
    }
  }

  /** The answer to one message; nothing for what is no question at all. */
  async respond(message: Uint8Array, transport: "udp" | "tcp"): Promise<Uint8Array | undefined> {
    let query: DecodedPacket;
    try {
      query = decode(Buffer.from(message));
    } catch {
      return message.length >= 12 ? errorReply(message, CODE.formatError) : undefined;
    }
    if (query.type !== "query") return undefined;
    const [question, ...more] = query.questions ?? [];
    if ((((query.flags ?? 0) >> 11) & 15) !== 0) return errorReply(message, CODE.notImplemented);
    if (question === undefined || more.length > 0) return errorReply(message, CODE.formatError);
    const reply = await this.#reply({ name: question.name, type: question.type });
    return encodeReply(query, reply, transport);
  }

  async #reply(question: Question): Promise<Reply> {
    const found = answer(question, this.#options.records, this.#options.domain);
    if (found.type === "foreign") return this.#forward(question);
    if (found.type !== "alias") return ownReply(found, this.#options.domain);
    const target: Question = { name: found.target, type: question.type };
    const rest = await this.#reply(target);
    return { ...rest, authoritative: false, answers: [found.record, ...rest.answers] };
  }

  async #forward(question: Question): Promise<Reply> {
    try {
      const packet = await this.#options.forwarder.ask(question.name, question.type);
      const code = responseCode(packet);
      return { code, authoritative: false, answers: packet.answers ?? [], authorities: packet.authorities ?? [], additionals: [] };
    } catch (error) {
      this.#options.log.debug("no name server answered", { name: question.name, error: messageOf(error) });
      return { code: CODE.serverFailure, authoritative: false, answers: [], authorities: [], additionals: [] };
    }
  }
}

interface Reply {
  readonly code: number;
  readonly authoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
}

function ownReply(found: Exclude<ClusterAnswer, { type: "foreign" | "alias" }>, domain: string): Reply {
  if (found.type === "records")
    return { code: CODE.ok, authoritative: true, answers: found.answers, authorities: [], additionals: found.additionals };
  // The start-of-authority record tells resolvers how long they may remember that there is nothing (RFC 2308).
  const soa: Answer = {
    name: domain,
    type: "SOA",
    ttl: TTL_SECONDS,
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: TTL_SECONDS,
    },
  };
  return {
    code: found.type === "noSuchName" ? CODE.noSuchName : CODE.ok,
    authoritative: true,
    answers: [],
    authorities: [soa],
    additionals: [],
  };
}

function encodeReply(query: DecodedPacket, reply: Reply, transport: "udp" | "tcp"): Uint8Array {
  const edns = (query.additionals ?? []).find((record) => record.type === "OPT");
  const base: Packet = {
    type: "response",
    id: query.id,
    flags: RECURSION_AVAILABLE | (query.flag_rd ? RECURSION_DESIRED : 0) | (reply.authoritative ? AUTHORITATIVE_ANSWER : 0) | reply.code,
    questions: query.questions,
  };
  const opt: Answer[] =
    edns === undefined
      ? []
      : [
          {
            name: ".",
            type: "OPT",
            udpPayloadSize: LARGEST_UDP_BYTES,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ];
  const full = encode({
    ...base,
    answers: [...reply.answers],
    authorities: [...reply.authorities],
    additionals: [...reply.additionals, ...opt],
  });
  if (transport === "tcp") return full;
  const offered = edns !== undefined && "udpPayloadSize" in edns ? edns.udpPayloadSize : PLAIN_UDP_BYTES;
  const limit = Math.min(Math.max(offered, PLAIN_UDP_BYTES), LARGEST_UDP_BYTES);
  if (full.length <= limit) return full;
  const answers = [...reply.answers];
  // Additional records are a courtesy and go first; then answers, and the client is told to ask again over TCP.
  let message = encode({ ...base, answers, authorities: [...reply.authorities], additionals: opt });
  while (message.length > limit && answers.length > 0) {
    answers.length = Math.floor(answers.length / 2);
    message = encode({ ...base, flags: (base.flags ?? 0) | TRUNCATED_RESPONSE, answers, additionals: opt });
  }
  return message;
}

/** An answer without a question section, made from the header alone because the rest could not be read. */
function errorReply(message: Uint8Array, code: number): Uint8Array {
  const reply = new Uint8Array(12);
  reply.set(message.subarray(0, 2));
  reply[2] = 0x80 | ((message[2] ?? 0) & 0x79);
  reply[3] = code;
  return reply;
}

import { Client, connectivityState, credentials, Metadata, type ClientDuplexStream, type ServiceError } from "@grpc/grpc-js";
import { assert, type Clock } from "@skiff/base";
import { fromServiceError, isMemberFault } from "./etcd-errors.ts";
import { StoreUnavailableError } from "./store.ts";

/** The largest answer that is taken: as etcd's own client, all that gRPC can frame. Callers bound their ranges by `limit`. */
const RECEIVE_MAX_BYTES = 2 ** 31 - 1;
/** The largest request that is sent: as etcd's own client. Servers refuse more than 1.5 MiB unless told otherwise. */
const SEND_MAX_BYTES = 2 * 1024 * 1024;
/** A silent connection is probed, so that a member that vanished is noticed. The same times as the Kubernetes API server. */
const KEEPALIVE_TIME_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
/** Back-off between attempts to connect. */
const RECONNECT_FIRST_MS = 100;
const RECONNECT_LAST_MS = 2_000;

/** How etcd proves who it is, and how we do. All in PEM. */
export interface EtcdTls {
  /** Absent: the certificate authorities that the system trusts. */
  readonly ca?: Uint8Array;
  /** The client's certificate, with {@link EtcdTls.key}. */
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
  /** The name that the server's certificate must carry; absent: the host of the endpoint. */
  readonly serverName?: string;
}

/** Where etcd is. */
interface EtcdConnectionOptions {
  /** The members' client URLs: `https://host:2379`, or `http://` without TLS. At least one. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls | undefined;
  /** How long a call may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** A member of the cluster. Watches have a connection of their own, so that a large range does not hold up events. */
interface Member {
  readonly endpoint: string;
  readonly calls: Client;
  readonly watches: Client;
}

/** A stream of requests and responses, as bytes. */
export interface EtcdStream {
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
  /** Says that this member has failed: what is opened next goes to another one. */
  readonly leave: () => void;
}

/**
 * Connections to the members of an etcd cluster. One is used at a time; when it fails, the next one's turn comes.
 */
export class EtcdConnection {
  readonly #members: readonly Member[];
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #current = 0;
  #closed = false;

  /** Nothing is connected yet. Errors: throws a `StoreUnavailableError` for an endpoint that is not a URL of etcd's. */
  constructor({ endpoints, tls, timeoutMs, clock }: EtcdConnectionOptions) {
    assert(endpoints.length > 0, "etcd needs at least one endpoint");
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#members = endpoints.map((endpoint) => ({ endpoint, calls: openClient(endpoint, tls), watches: openClient(endpoint, tls) }));
  }

  /**
   * One call. A call that only reads (`reads`) is tried once with each member, all within the time limit; one that
   * writes is never repeated, since it may have happened.
   *
   * Errors: those of {@link fromServiceError}.
   */
  async call(method: string, request: Buffer, reads: boolean): Promise<Buffer> {
    const deadline = this.#clock.now() + this.#timeoutMs;
    for (let attempt = 1; ; attempt++) {
      this.#assertOpen();
      const member = this.#reachable();
      try {
        return await unary(member.calls, method, request, deadline);
      } catch (error) {
        const serviceError = error as ServiceError;
        if (isMemberFault(serviceError)) this.#leave(member);
        if (reads && isMemberFault(serviceError) && attempt < this.#members.length && this.#clock.now() < deadline) continue;
        throw fromServiceError(serviceError, `${method} at ${member.endpoint}`);
      }
    }
  }

  /** Opens a stream. It ends with an error when the member has lost its leader: what it would say may be old. */
  stream(method: string): EtcdStream {
    this.#assertOpen();
    const member = this.#reachable();
    return {
      stream: member.watches.makeBidiStreamRequest(method, asIs, asIs, requireLeader()),
      leave: () => this.#leave(member),
    };
  }

  close(): void {
    this.#closed = true;
    for (const { calls, watches } of this.#members) {
      calls.close();
      watches.close();
    }
  }

  /** The current member, or the next one that is not known to be out of reach. */
  #reachable(): Member {
    for (let tried = 0; tried < this.#members.length; tried++) {
      const member = this.#members[this.#current]!;
      if (member.calls.getChannel().getConnectivityState(true) !== connectivityState.TRANSIENT_FAILURE) return member;
      this.#leave(member);
    }
    return this.#members[this.#current]!;
  }

  #leave(member: Member): void {
    if (this.#members[this.#current] === member) this.#current = (this.#current + 1) % this.#members.length;
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreUnavailableError("the store is closed");
  }
}

function openClient(endpoint: string, tls: EtcdTls | undefined): Client {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.pathname !== "/") {
    throw new StoreUnavailableError(`"${endpoint}" is not an etcd endpoint; write https://host:2379`);
  }
  const pem = (bytes: Uint8Array | undefined): Buffer | null => (bytes === undefined ? null : Buffer.from(bytes));
  const secure = url.protocol === "https:";
  const name = tls?.serverName;
  return new Client(
    `dns:${url.hostname}:${url.port || "2379"}`,
    secure ? credentials.createSsl(pem(tls?.ca), pem(tls?.key), pem(tls?.cert)) : credentials.createInsecure(),
    {
      "grpc.max_receive_message_length": RECEIVE_MAX_BYTES,
      "grpc.max_send_message_length": SEND_MAX_BYTES,
      "grpc.keepalive_time_ms": KEEPALIVE_TIME_MS,
      "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
      // etcd hangs up on those who probe a connection without calls.
      "grpc.keepalive_permit_without_calls": 0,
      "grpc.initial_reconnect_backoff_ms": RECONNECT_FIRST_MS,
      "grpc.min_reconnect_backoff_ms": RECONNECT_FIRST_MS,
      "grpc.max_reconnect_backoff_ms": RECONNECT_LAST_MS,
      // Every client has its own connection.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_http_proxy": 0,
      "grpc.service_config_disable_resolution": 1,
      // A call that may have reached the server is never sent again behind our back.
      "grpc.enable_retries": 0,
      ...(secure && name !== undefined && { "grpc.ssl_target_name_override": name, "grpc.default_authority": name }),
    },
  );
}

function unary(client: Client, method: string, request: Buffer, deadline: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(method, asIs, asIs, request, requireLeader(), { deadline }, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(answer ?? Buffer.alloc(0));
    });
  });
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

/** Asks a member that has lost its leader to refuse at once rather than to let the caller wait. */
function requireLeader(): Metadata {
  const metadata = new Metadata();
  metadata.set("hasleader", "true");
  return metadata;
}

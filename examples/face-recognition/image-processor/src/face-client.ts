import { type ChannelOptions, type Client, connectivityState, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { Health, Identify, type IdentifyRequest, type IdentifyResponse, REASON, type RefusalReason } from "#shared/face-service.ts";

/** The service looked at the picture and refuses it: no fault of the call. */
export class Refusal extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Recognises faces. */
export interface FaceClient {
  /** Errors: rejects with a {@link Refusal}, or with anything else when the call failed. */
  identify(imagePath: string): Promise<IdentifyResponse>;
  /** Asks once whether the service can serve. Errors: rejects when it cannot or does not answer. */
  ping(): Promise<void>;
  close(): void;
}

const PING_TIMEOUT_MS = 2_000;

const REASONS: readonly string[] = ["MISSING_IMAGE", "BROKEN_IMAGE", "BAD_PATH"] satisfies RefusalReason[];

/**
 * The name stands for all copies of the service, as that of a headless Service does: calls go to them in turn. Names are
 * asked again soon after a copy was lost, for its successor has another address.
 */
const CHANNEL: ChannelOptions = {
  "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  "grpc.dns_min_time_between_resolutions_ms": 1_000,
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 2_000,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 3_000,
};

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { readonly deadline: number },
  callback: (error: ServiceError | null, response?: Response) => void,
) => void;

type IdentifyClient = Client & { readonly Identify: Unary<IdentifyRequest, IdentifyResponse> };
type HealthClient = Client & { readonly Check: Unary<{ readonly service: string }, { readonly status: string }> };

/** A channel holds on to the addresses that it found first; after so long the name is asked anew, by a new channel. */
const CHANNEL_AGE_MS = 30_000;

/**
 * {@link FaceClient} over gRPC. New copies of the service are found when the channel is renewed: every half minute, and as
 * soon as nothing can be reached. Calls that are under way end on the channel which they began on.
 */
export class GrpcFaceClient implements FaceClient {
  readonly #address: string;
  readonly #timeoutMs: number;
  #channel: FaceChannel;

  /** `address`: `host:port`. A call that has no answer after `timeoutMs` fails. */
  constructor(address: string, timeoutMs: number) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
    this.#channel = new FaceChannel(address);
  }

  async identify(imagePath: string): Promise<IdentifyResponse> {
    try {
      return await this.#call((channel) => channel.identify({ imagePath }, this.#timeoutMs));
    } catch (error) {
      throw refusalOf(error as ServiceError) ?? error;
    }
  }

  async ping(): Promise<void> {
    const { status } = await this.#call((channel) => channel.check(PING_TIMEOUT_MS));
    if (status !== "SERVING") throw new Error(`the service says ${status}`);
  }

  close(): void {
    this.#channel.retire();
  }

  async #call<T>(work: (channel: FaceChannel) => Promise<T>): Promise<T> {
    if (this.#channel.age > CHANNEL_AGE_MS) this.#renew();
    const channel = this.#channel;
    try {
      return await work(channel);
    } catch (error) {
      if ((error as ServiceError).code === status.UNAVAILABLE && channel === this.#channel && !channel.ready) this.#renew();
      throw error;
    }
  }

  #renew(): void {
    this.#channel.retire();
    this.#channel = new FaceChannel(this.#address);
  }
}

/** A channel with the clients of the two services, and the calls that are under way on it. */
class FaceChannel {
  readonly #identify: IdentifyClient;
  readonly #health: HealthClient;
  readonly #opened = performance.now();
  #calls = 0;
  #retired = false;

  constructor(address: string) {
    this.#identify = new Identify(address, credentials.createInsecure(), CHANNEL) as unknown as IdentifyClient;
    const channelOverride = this.#identify.getChannel();
    this.#health = new Health(address, credentials.createInsecure(), { ...CHANNEL, channelOverride }) as unknown as HealthClient;
  }

  /** In milliseconds. */
  get age(): number {
    return performance.now() - this.#opened;
  }

  /** Whether some copy of the service is connected. */
  get ready(): boolean {
    return this.#identify.getChannel().getConnectivityState(false) === connectivityState.READY;
  }

  identify(request: IdentifyRequest, timeoutMs: number): Promise<IdentifyResponse> {
    return this.#unary((metadata, options, callback) => this.#identify.Identify(request, metadata, options, callback), timeoutMs);
  }

  check(timeoutMs: number): Promise<{ readonly status: string }> {
    return this.#unary((metadata, options, callback) => this.#health.Check({ service: "" }, metadata, options, callback), timeoutMs);
  }

  /** Closes the channel when its last call has ended. No further calls may begin. */
  retire(): void {
    this.#retired = true;
    if (this.#calls === 0) this.#identify.close();
  }

  async #unary<Response>(
    start: (
      metadata: Metadata,
      options: { readonly deadline: number },
      callback: (error: ServiceError | null, response?: Response) => void,
    ) => void,
    timeoutMs: number,
  ): Promise<Response> {
    this.#calls++;
    try {
      return await new Promise<Response>((resolve, reject) => {
        start(new Metadata(), { deadline: Date.now() + timeoutMs }, (error, response) => {
          if (error !== null) reject(error);
          else if (response === undefined) reject(new Error("an empty answer"));
          else resolve(response);
        });
      });
    } finally {
      this.#calls--;
      if (this.#retired && this.#calls === 0) this.#identify.close();
    }
  }
}

function refusalOf(error: ServiceError): Refusal | undefined {
  const reason = error.metadata?.get(REASON)[0]?.toString() ?? "";
  const refused = error.code === status.NOT_FOUND || error.code === status.INVALID_ARGUMENT;
  return refused && REASONS.includes(reason) ? new Refusal(reason as RefusalReason, error.details) : undefined;
}

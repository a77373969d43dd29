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

/**
 * {@link FaceClient} over gRPC. A channel that has lost all copies of the service holds on to their addresses for long; it is
 * replaced by a new one, which asks for the name anew.
 */
export class GrpcFaceClient implements FaceClient {
  readonly #address: string;
  readonly #timeoutMs: number;
  #identify: IdentifyClient;
  #health: HealthClient;

  /** `address`: `host:port`. A call that has no answer after `timeoutMs` fails. */
  constructor(address: string, timeoutMs: number) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
    [this.#identify, this.#health] = connect(address);
  }

  identify(imagePath: string): Promise<IdentifyResponse> {
    return new Promise((resolve, reject) => {
      const deadline = { deadline: Date.now() + this.#timeoutMs };
      const client = this.#identify;
      client.Identify({ imagePath }, new Metadata(), deadline, (error, response) => {
        if (error !== null) {
          this.#replace(client, error);
          reject(refusalOf(error) ?? error);
        } else if (response === undefined) reject(new Error("an empty answer"));
        else resolve(response);
      });
    });
  }

  ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      const client = this.#identify;
      this.#health.Check({ service: "" }, new Metadata(), { deadline: Date.now() + PING_TIMEOUT_MS }, (error, response) => {
        if (error !== null) {
          this.#replace(client, error);
          reject(error);
        } else if (response?.status !== "SERVING") reject(new Error(`the service says ${response?.status}`));
        else resolve();
      });
    });
  }

  close(): void {
    this.#identify.close();
  }

  /** Calls that are under way end with the old channel, but there are none when nothing can be reached. */
  #replace(client: IdentifyClient, { code }: ServiceError): void {
    if (client !== this.#identify || (code !== status.UNAVAILABLE && code !== status.DEADLINE_EXCEEDED)) return;
    if (client.getChannel().getConnectivityState(false) === connectivityState.READY) return;
    client.close();
    [this.#identify, this.#health] = connect(this.#address);
  }
}

/** Two clients over one channel. */
function connect(address: string): [IdentifyClient, HealthClient] {
  const identify = new Identify(address, credentials.createInsecure(), CHANNEL) as unknown as IdentifyClient;
  const channelOverride = identify.getChannel();
  const health = new Health(address, credentials.createInsecure(), { ...CHANNEL, channelOverride }) as unknown as HealthClient;
  return [identify, health];
}

function refusalOf(error: ServiceError): Refusal | undefined {
  const reason = error.metadata?.get(REASON)[0]?.toString() ?? "";
  const refused = error.code === status.NOT_FOUND || error.code === status.INVALID_ARGUMENT;
  return refused && REASONS.includes(reason) ? new Refusal(reason as RefusalReason, error.details) : undefined;
}

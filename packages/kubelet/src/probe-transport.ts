/** The outcome of one attempt. `message` goes into the `Unhealthy` event, so it has upstream's words. */
export interface ProbeAttempt {
  /** `unknown` means that the attempt itself could not be made; it counts neither way. */
  readonly result: "success" | "failure" | "unknown";
  readonly message: string;
}

/** A GET of a container. */
export interface HttpProbeRequest {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  /** With its query, if any. */
  readonly path: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly timeoutMs: number;
}

/** How the kubelet reaches into Pods over the network, for probes and lifecycle hooks. */
export interface ProbeTransport {
  /** Success: a status from 200 to 399. Certificates are not verified. Redirects to other hosts are not followed. */
  httpGet(request: HttpProbeRequest): Promise<ProbeAttempt>;
  tcpConnect(host: string, port: number, timeoutMs: number): Promise<ProbeAttempt>;
  /** `grpc.health.v1.Health/Check`. */
  grpcHealth(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeAttempt>;
}

import { Duplex, PassThrough } from "node:stream";
import type { ConnectRequest, ConnectResponse, ConnectTarget, NodeConnector, UpgradedConnection } from "../ports/node-connector.ts";

/** Stands for all nodes and Pods in tests: remembers what was asked and answers what it was told to. */
export class RecordingConnector implements NodeConnector {
  readonly requests: { readonly target: ConnectTarget; readonly request: ConnectRequest }[] = [];
  answer: { readonly status: number; readonly headers?: Record<string, string>; readonly text: string } = { status: 200, text: "" };

  async request(target: ConnectTarget, request: ConnectRequest): Promise<ConnectResponse> {
    this.requests.push({ target, request });
    const { status, headers = { "content-type": "text/plain" }, text } = this.answer;
    return { status, headers, body: chunks(text) };
  }

  async upgrade(target: ConnectTarget, request: ConnectRequest): Promise<UpgradedConnection | ConnectResponse> {
    if (this.answer.status !== 101) return this.request(target, request);
    this.requests.push({ target, request });
    const stream: Duplex = new PassThrough();
    return { status: 101, headers: { connection: "Upgrade", upgrade: String(request.headers["upgrade"] ?? "") }, stream };
  }

  /** The last request, as one line: method, target, path and query. */
  get last(): string {
    const { target, request } = this.requests.at(-1) ?? {};
    if (target === undefined || request === undefined) return "";
    const where =
      target.type === "kubelet"
        ? target.nodeName
        : `${target.type === "address" ? target.scheme : "https"}://${target.host}:${target.port}`;
    return `${request.method} ${where} ${request.path}${request.query === "" ? "" : `?${request.query}`}`;
  }
}

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

import { NodeUnreachableError, type ConnectRequest, type ConnectResponse, type ConnectTarget, type NodeConnector } from "@skiff/apiserver";
import { kubeletHandler, type KubeletHandler } from "@skiff/kubelet";
import type { SimulatedNode } from "./simulated-node.ts";

/** Reaches the kubelets of simulated nodes in the same process. They have no streams, and nothing else can be reached. */
export class SimulatedNodeConnector implements NodeConnector {
  readonly #nodes: () => ReadonlyMap<string, SimulatedNode>;
  /** One for each kubelet, since it remembers samples. */
  readonly #handlers = new WeakMap<SimulatedNode, KubeletHandler>();

  /** `nodes` is asked at each request. */
  constructor(nodes: () => ReadonlyMap<string, SimulatedNode>) {
    this.#nodes = nodes;
  }

  async request(target: ConnectTarget, request: ConnectRequest): Promise<ConnectResponse> {
    const node = target.type === "kubelet" ? this.#nodes().get(target.nodeName) : undefined;
    if (node === undefined) throw new NodeUnreachableError("simulated nodes have no network");
    let handler = this.#handlers.get(node);
    if (handler === undefined) this.#handlers.set(node, (handler = kubeletHandler(node.kubelet)));
    const { status, contentType, body } = await handler({
      method: request.method,
      path: decodeURIComponent(request.path),
      query: new URLSearchParams(request.query),
      signal: request.signal ?? new AbortController().signal,
    });
    return { status, headers: { "content-type": contentType }, body: typeof body === "string" ? once(Buffer.from(body)) : body };
  }

  upgrade(): Promise<never> {
    return Promise.reject(new NodeUnreachableError("simulated nodes have no network"));
  }
}

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

import { endpointSliceKind, ingressClassKind, ingressKind, secretKind, serviceKind, type Node } from "@skiff/api";
import { CertificateAuthority } from "@skiff/apiserver";
import { componentHost, hostUid, messageOf, type Host, type Timer } from "@skiff/base";
import { InformerFactory, type Client } from "@skiff/client";
import { IngressFront, IngressRouter, INGRESS_SERVICE } from "@skiff/ingress";
import { clientFromKubeconfig } from "../manage/api-connection.ts";
import { announceEndpoint } from "./announced-endpoint.ts";

/** What the Ingress front of a node is made of. */
interface NodeIngressOptions {
  readonly host: Host;
  /** The file with the front's own identity. */
  readonly kubeconfig: string;
  /** Informers of Services and EndpointSlices, which others on the node read too. */
  readonly services: InformerFactory;
  readonly node: Node;
  /** The node's address. */
  readonly address: string;
}

/** The Ingress front of a node at work. */
export interface NodeIngress {
  stop(): Promise<void>;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
/** How often a usual port that another program holds is tried again. */
const PORT_RETRY_MS = 30_000;
const STOP_GRACE_MS = 5000;

/**
 * Serves Ingresses on this node: at ports that the Service in front of all nodes leads to, and at 80 and 443 of the node as far
 * as those are free. Routes follow when the API has been read. A failure is logged and never the node's: `undefined` when the
 * node has no identity for it.
 */
export async function startNodeIngress(options: NodeIngressOptions): Promise<NodeIngress | undefined> {
  const host = componentHost(options.host, "ingress");
  let client: Client;
  try {
    client = await clientFromKubeconfig(options.kubeconfig, options.host);
  } catch (error) {
    host.log.warn("Ingresses are not served on this node", { error: messageOf(error) });
    return undefined;
  }
  const informers = new InformerFactory(client, options.host);
  const router = new IngressRouter({
    host: options.host,
    ingresses: informers.informer(ingressKind),
    classes: informers.informer(ingressClassKind),
    // Only this type: a front has no business with other Secrets.
    secrets: informers.informer(secretKind, { fieldSelector: "type=kubernetes.io/tls" }),
    services: options.services.informer(serviceKind),
    endpointSlices: options.services.informer(endpointSliceKind),
  });
  const made = CertificateAuthority.create(host, "Skiff Ingress self-signed certificate").save();
  const front = new IngressFront({
    log: host.log,
    routes: router,
    fallbackCertificate: { certificate: made.certificatePem, key: made.privateKeyPem },
    newRequestId: () => hostUid(host).replaceAll("-", ""),
  });
  router.onTable(() => front.retainBackends(new Set(router.table.hosts.flatMap(({ routes }) => routes.map(({ backend }) => backend.key)))));
  const stopping = new AbortController();
  const ports = new UsualPorts(host, front);
  informers.start();
  const run = async (): Promise<void> => {
    await router.start(stopping.signal);
    const http = await front.listenHttp(0, options.address);
    const https = await front.listenHttps(0, options.address);
    await ports.open();
    const endpoint = { service: INGRESS_SERVICE, node: options.node, address: options.address };
    const announced = [
      { name: "http", port: http, protocol: "TCP" },
      { name: "https", port: https, protocol: "TCP" },
    ];
    await announceEndpoint(client, host, { ...endpoint, ports: announced }, stopping.signal);
  };
  const running = run().catch((error: unknown) => {
    if (!stopping.signal.aborted) host.log.error("Ingresses are not served on this node", { error: messageOf(error) });
  });
  return {
    async stop() {
      stopping.abort(new Error("the node is being stopped"));
      ports.stop();
      router.stop();
      await running;
      await front.close(STOP_GRACE_MS);
      await informers.stop();
    },
  };
}

/** Ports 80 and 443 of the node, each taken as soon as nobody else has it. */
class UsualPorts {
  readonly #host: Host;
  readonly #front: IngressFront;
  #waiting: readonly number[] = [HTTP_PORT, HTTPS_PORT];
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(host: Host, front: IngressFront) {
    this.#host = host;
    this.#front = front;
  }

  async open(): Promise<void> {
    const before = this.#waiting;
    const left: number[] = [];
    for (const port of before) {
      try {
        await (port === HTTPS_PORT ? this.#front.listenHttps(port) : this.#front.listenHttp(port));
        this.#host.log.info("Ingresses are served at the node's own port", { port });
      } catch (error) {
        left.push(port);
        // Said once: on a machine with a web server this stays so.
        if (this.#timer === undefined)
          this.#host.log.info("a port of the node cannot be had for Ingresses", { port, error: messageOf(error) });
      }
    }
    this.#waiting = left;
    if (left.length > 0 && !this.#isStopped) this.#timer = this.#host.clock.setTimeout(() => void this.open(), PORT_RETRY_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }
}

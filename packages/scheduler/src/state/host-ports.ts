import type { Pod } from "@skiff/api";

/** A port of the node that a Pod asks for. */
export interface HostPort {
  readonly ip: string;
  /** `TCP/80`. */
  readonly port: string;
}

const ANY_IP = "0.0.0.0";
const NO_PORTS: readonly HostPort[] = [];

/** The ports of the node that the containers and sidecars of a Pod ask for. */
export function hostPortsOf(pod: Pod): readonly HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  const ports: HostPort[] = [];
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const { hostPort, hostIP, protocol } of container.ports ?? []) {
      if (hostPort) ports.push({ ip: hostIP || ANY_IP, port: `${protocol || "TCP"}/${hostPort}` });
    }
  }
  return ports.length === 0 ? NO_PORTS : ports;
}

/** The ports that are taken on a node. A Pod on all addresses takes a port on each of them. */
export class HostPortTable {
  readonly #ips = new Map<string, Map<string, number>>();

  add({ ip, port }: HostPort): void {
    let ips = this.#ips.get(port);
    if (ips === undefined) this.#ips.set(port, (ips = new Map()));
    ips.set(ip, (ips.get(ip) ?? 0) + 1);
  }

  remove({ ip, port }: HostPort): void {
    const ips = this.#ips.get(port);
    const count = ips?.get(ip);
    if (ips === undefined || count === undefined) return;
    if (count > 1) ips.set(ip, count - 1);
    else ips.delete(ip);
    if (ips.size === 0) this.#ips.delete(port);
  }

  conflicts({ ip, port }: HostPort): boolean {
    const ips = this.#ips.get(port);
    return ips !== undefined && (ip === ANY_IP || ips.has(ANY_IP) || ips.has(ip));
  }
}

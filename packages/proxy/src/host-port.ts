import type { Pod } from "@skiff/api";
import { isIpv4, type Transport } from "./service-port.ts";

/** A port of the node that leads to a container (`ports[].hostPort`). */
export interface HostPort {
  readonly transport: Transport;
  readonly hostPort: number;
  /** The address of the node that is meant; absent: all of them. */
  readonly hostIp: string | undefined;
  readonly podIp: string;
  readonly containerPort: number;
}

/** The host ports of the Pods that run on a node, in a stable order. Pods on the host's network need none. */
export function hostPorts(pods: readonly Pod[]): HostPort[] {
  return pods
    .flatMap((pod) => {
      const podIp = pod.status?.podIP;
      const over = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
      if (podIp === undefined || !isIpv4(podIp) || over || pod.spec?.hostNetwork === true) return [];
      const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
      return [...(pod.spec?.containers ?? []), ...sidecars].flatMap((container) =>
        (container.ports ?? []).flatMap((port): HostPort[] => {
          if (port.hostPort === undefined || port.hostPort === 0) return [];
          const hostIp = port.hostIP === undefined || port.hostIP === "" || port.hostIP === "0.0.0.0" ? undefined : port.hostIP;
          if (hostIp !== undefined && !isIpv4(hostIp)) return [];
          return [
            {
              transport: (port.protocol ?? "TCP").toLowerCase() as Transport,
              hostPort: port.hostPort,
              hostIp,
              podIp,
              containerPort: port.containerPort,
            },
          ];
        }),
      );
    })
    .sort((a, b) => a.hostPort - b.hostPort || (a.transport < b.transport ? -1 : 1) || ((a.hostIp ?? "") < (b.hostIp ?? "") ? -1 : 1));
}

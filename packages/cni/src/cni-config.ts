/** The Pod network of one node. */
interface PodNetworkOptions {
  /** The name of the network: addresses in use are kept under it. */
  readonly name: string;
  /** The bridge that Pods are plugged into; at most 15 letters, the kernel's limit. */
  readonly bridge: string;
  /** The range of this node; two ranges, one of each family, are joined by a comma. */
  readonly podCidr: string;
  /** Bytes. Default: what the kernel chooses. */
  readonly mtu?: number;
  /** Where host-local keeps the addresses in use. Ours, so that removing a cluster forgets them. */
  readonly ipamDirectory: string;
}

/** The longest name of a network interface: IFNAMSIZ less the zero at its end. */
const INTERFACE_NAME_MAX = 15;

/**
 * The configuration list for containerd: bridge with host-local addresses. Host ports and the masquerading of what leaves
 * the cluster are not the plug-ins': the Service proxy's rules do both, so that one table holds all rules of a node and
 * goes with it (the portmap plug-in leaves chains behind, and needs iptables).
 *
 * Errors: throws a `RangeError` when the name of the bridge is too long.
 */
export function renderCniConfigList(options: PodNetworkOptions): string {
  if (Buffer.byteLength(options.bridge) > INTERFACE_NAME_MAX) {
    throw new RangeError(`"${options.bridge}" is too long for a network interface: at most ${INTERFACE_NAME_MAX} letters`);
  }
  const ranges = options.podCidr.split(",").map((subnet) => [{ subnet }]);
  const families = options.podCidr.split(",").map((subnet) => (subnet.includes(":") ? "::/0" : "0.0.0.0/0"));
  const list = {
    // The newest version that the plug-ins of Debian 12 and of everything later understand.
    cniVersion: "1.0.0",
    name: options.name,
    plugins: [
      {
        type: "bridge",
        bridge: options.bridge,
        isGateway: true,
        // A Pod must reach itself by way of its own Service.
        hairpinMode: true,
        ipMasq: false,
        ...(options.mtu !== undefined && { mtu: options.mtu }),
        ipam: { type: "host-local", dataDir: options.ipamDirectory, ranges, routes: families.map((dst) => ({ dst })) },
      },
    ],
  };
  return `${JSON.stringify(list, undefined, 2)}\n`;
}

/**
 * The name of the bridge of one node. `cluster` and `node` go into it as far as there is room, so that people recognise
 * it; a checksum of both keeps names apart.
 */
export function bridgeName(cluster: string, node: string): string {
  let checksum = 0;
  for (const letter of `${cluster}/${node}`) checksum = (checksum * 31 + (letter.codePointAt(0) ?? 0)) % 36 ** 4;
  return `sk-${cluster.replaceAll(/[^a-z0-9]/g, "").slice(0, 7)}-${checksum.toString(36).padStart(4, "0")}`;
}

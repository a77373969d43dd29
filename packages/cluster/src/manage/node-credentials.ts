import { createClusterPki } from "@skiff/apiserver";
import type { Host } from "@skiff/base";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { nodePaths, type ClusterPaths } from "../layout/cluster-paths.ts";
import { readPki } from "../layout/pki-files.ts";
import { apiAddress } from "./cluster-status.ts";
import { kubeletSubject, NODE_SERVICE_IDENTITIES, simulatorIdentity, writeKubeconfig } from "./identities.ts";
import type { NodeNetworks } from "./node-networks.ts";

/** Writes what the nodes of a cluster of this machine show to its API server, and the API server to them, with new certificates. */
export function issueNodeCredentials(host: Host, config: ClusterConfig, paths: ClusterPaths, networks: NodeNetworks): void {
  const pki = createClusterPki(host, { files: readPki(paths.pki) });
  const { authority } = pki;
  if (config.runtime === "simulated") {
    writeKubeconfig(nodePaths(paths, "simulated").kubeconfig, "simulated", simulatorIdentity(apiAddress(config)), authority);
    return;
  }
  const server = networks.apiServer(config);
  for (const node of config.nodes) {
    const own = nodePaths(paths, node);
    writeKubeconfig(own.kubeconfig, node, { ...kubeletSubject(node), server }, authority);
    writeKubeconfig(own.servicesKubeconfig, node, { ...NODE_SERVICE_IDENTITIES.services, server }, authority);
    writeKubeconfig(own.ingressKubeconfig, node, { ...NODE_SERVICE_IDENTITIES.ingress, server }, authority);
    networks.writeServingCertificate(own, pki.issueServerCertificate([node], [networks.address(config, node), "127.0.0.1"]));
  }
}

import type { Clock, Random } from "@skiff/base";
import { Client, HttpsTransport, loadKubeconfig, nodeFileSystem, nodeRunCommand, transportOptions } from "@skiff/client";

/** A client for the cluster that a kubeconfig file names as its current one. */
export async function clientFromKubeconfig(path: string, host: { readonly clock: Clock; readonly random: Random }): Promise<Client> {
  const files = nodeFileSystem(host.clock, host.random);
  const config = await loadKubeconfig(files, [path]);
  const options = await transportOptions(config, { files, clock: host.clock, run: nodeRunCommand });
  return new Client(new HttpsTransport(options));
}

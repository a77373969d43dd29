import { messageOf, type Host, type Timer } from "@skiff/base";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import type { ClusterPaths } from "../layout/cluster-paths.ts";
import { renewNodeCertificates } from "./node-certificates.ts";

/** A node of this machine in another machine's cluster. */
interface JoinedNode {
  readonly host: Host;
  readonly config: ClusterConfig;
  readonly paths: ClusterPaths;
  /** Of the node. */
  readonly address: string;
}

const LOOK_PERIOD_MS = 12 * 3_600_000;

/**
 * Replaces the certificates of a node that has joined when they are due, now and twice a day. When it did so while the node
 * was at work it ends the process, which its keeper starts again with the new ones; containers run on. What fails is logged
 * and tried again.
 */
export async function keepCertificates({ host, config, paths, address }: JoinedNode): Promise<{ stop(): void }> {
  const renew = async (): Promise<boolean> => {
    try {
      const isNew = await renewNodeCertificates(host, config, paths, address);
      if (isNew) host.log.info("the certificates of the node are new");
      return isNew;
    } catch (error) {
      host.log.warn("the certificates of the node could not be renewed", { error: messageOf(error) });
      return false;
    }
  };
  await renew();
  let timer: Timer;
  const look = (): void => {
    timer = host.clock.setTimeout(
      () =>
        void renew().then((isNew) => {
          if (isNew) process.kill(process.pid, "SIGTERM");
          else look();
        }),
      LOOK_PERIOD_MS,
    );
  };
  look();
  return { stop: () => timer.cancel() };
}

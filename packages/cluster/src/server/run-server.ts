import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, type Host } from "@skiff/base";
import {
  createClusterPki,
  createHttpsFront,
  HttpsNodeConnector,
  needsRenewal,
  PeerCertificateVerifier,
  WorkerYamlDecoder,
  type CertificateAndKey,
  type ClusterPki,
} from "@skiff/apiserver";
import { EtcdStore, LmdbStore, MemoryStore, type Store } from "@skiff/store";
import { nodeKind, serviceKind } from "@skiff/api";
import { startControlPlane, type ControlPlane } from "../control-plane/control-plane.ts";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import { readClusterConfig } from "../layout/cluster-file.ts";
import { clusterPaths, processLog, type ClusterPaths } from "../layout/cluster-paths.ts";
import { readPki, writePki } from "../layout/pki-files.ts";
import { nodeConfigOf } from "../join/node-config.ts";
import { advertisedAddress, apiServerIps } from "../manage/api-addresses.ts";
import { LogRotation } from "../process/log-rotation.ts";
import { UserError } from "../user-error.ts";
import { AuditFile } from "./audit-file.ts";
import { startClusterDashboard } from "./cluster-dashboard.ts";
import { giveUpRoot } from "./server-user.ts";
import { explainStartError } from "./start-errors.ts";

/** Where a server finds its cluster. */
interface ServerOptions {
  readonly host: Host;
  readonly dataDir: string;
  readonly runDir: string;
}

interface RunningServer {
  stop(): Promise<void>;
}

/**
 * `skiff server`: the API server, controllers and scheduler of the cluster in a data directory. Resolves when the API answers.
 *
 * Errors: a {@link UserError} when the store, the port or the directory is not as it must be.
 */
export async function runServer(options: ServerOptions): Promise<RunningServer> {
  let paths = clusterPaths(options.dataDir, options.runDir);
  const config = readClusterConfig(paths);
  if (config === undefined) throw new UserError(`${options.dataDir} holds no cluster.`, "Start one with: skiff up");
  const { serverUser, apiPort } = config;
  const { host } = options;
  const logRotation = new LogRotation({ host, logFile: processLog(paths, "server") }).start();
  // Before anything that others can reach is opened. From here on the data directory is the working directory.
  if (serverUser !== undefined && giveUpRoot({ user: serverUser, paths, apiPort, program: process.argv[1] ?? "", log: host.log }))
    paths = clusterPaths(".", options.runDir);
  try {
    const server = await startServer(config, paths, host);
    return { stop: () => server.stop().finally(() => logRotation.stop()) };
  } catch (error) {
    logRotation.stop();
    throw explainStartError(error, config, clusterPaths(options.dataDir, options.runDir));
  }
}

async function startServer(config: ClusterConfig, paths: ClusterPaths, host: Host): Promise<RunningServer> {
  const pki = createClusterPki(host, {
    files: readPki(paths.pki),
    clusterDomain: config.network.clusterDomain,
    apiServerIps: apiServerIps(config),
  });
  const store = await openStore(config, paths, host);
  const authorityPem = readFileSync(join(paths.pki, "ca.crt"), "utf8");
  const frontProxyPem = pki.frontProxyAuthority.save().certificatePem;
  const issueKubeletClient = (): CertificateAndKey => pki.issueClientCertificate("kube-apiserver-kubelet-client", ["system:masters"]);
  let kubeletClient = issueKubeletClient();
  const freshOr = (held: CertificateAndKey): CertificateAndKey =>
    needsRenewal(held.certificatePem, host.clock.now()) ? issueKubeletClient() : held;
  const yaml = new WorkerYamlDecoder({ clock: host.clock });
  const audit = config.auditLog === false ? undefined : new AuditFile({ host, directory: paths.audit });
  const plane = await startControlPlane({
    host,
    yaml,
    ...(audit === undefined ? {} : { audit }),
    store,
    pki,
    network: config.network,
    ...(config.removedVersions === undefined ? {} : { removedVersions: config.removedVersions }),
    advertised: { addresses: [advertisedAddress(config)], port: config.apiPort },
    nodeConfig: nodeConfigOf(config),
    aggregates: true,
    connector: (reader) =>
      new HttpsNodeConnector({
        clock: host.clock,
        nodeOf: (name) => reader.get(nodeKind, undefined, name),
        authorityPem,
        clientCertificate: () => (kubeletClient = freshOr(kubeletClient)),
        frontProxyCertificate: () => pki.frontProxyClient,
      }),
  });
  const front = createHttpsFront({
    host,
    server: plane.apiServer,
    certificate: () => {
      const certificate = pki.apiServer;
      writePki(paths.pki, pki.save());
      return certificate;
    },
    clientAuthorities: [authorityPem, frontProxyPem],
    verifier: new PeerCertificateVerifier(host.clock, authorityPem, frontProxyPem),
  });
  await front.listen(config.apiPort, "0.0.0.0");
  host.log.info("the API answers", { port: config.apiPort, store: config.store.type });
  plane.controllersStarted.then(
    () => host.log.info("all controllers are at work"),
    (error: unknown) => host.log.error("the controllers did not start", { error: messageOf(error) }),
  );
  const dashboard = config.dashboard === false ? undefined : await serveDashboard(host, config, plane, pki);
  return {
    async stop() {
      await dashboard?.stop();
      await front.close();
      yaml.stop();
      await plane.stop();
      await store.close();
      audit?.close();
    },
  };
}

/** Without its dashboard a cluster works all the same: what is wrong is logged. */
async function serveDashboard(
  host: Host,
  config: ClusterConfig,
  { admin, informers }: ControlPlane,
  pki: ClusterPki,
): Promise<RunningServer | undefined> {
  const services = informers.informer(serviceKind);
  const { apiPort, network } = config;
  const { clusterDomain } = network;
  const address = advertisedAddress(config);
  if (address.startsWith("127.")) {
    host.log.info(
      "the dashboard is not served in the cluster: a Service cannot lead to the loopback address, and the machine has no other",
    );
    return undefined;
  }
  try {
    return await startClusterDashboard({ host, admin, pki, services, address, apiPort, clusterDomain });
  } catch (error) {
    host.log.warn("the dashboard is not served", { error: messageOf(error) });
    return undefined;
  }
}

async function openStore(config: ClusterConfig, paths: ClusterPaths, host: Host): Promise<Store> {
  switch (config.store.type) {
    case "memory":
      return new MemoryStore();
    case "lmdb":
      mkdirSync(paths.store, { recursive: true, mode: 0o700 });
      return LmdbStore.open({ directory: paths.store, clock: host.clock });
    case "etcd":
      return EtcdStore.open({ endpoints: config.store.endpoints, prefix: `/skiff/${config.name}`, clock: host.clock });
  }
}

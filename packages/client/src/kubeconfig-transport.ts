import type { Clock } from "@skiff/base";
import { execCredential, tokenFileCredential, type CredentialSource, type RunCommand } from "./credential-source.ts";
import type { FileSystem } from "./file-system.ts";
import type { HttpsTransportOptions } from "./https-transport.ts";
import { KubeconfigError, type Kubeconfig, type KubeconfigCluster, type KubeconfigUser } from "./kubeconfig.ts";

/** What {@link transportOptions} needs from outside. */
export interface KubeconfigPorts {
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly run: RunCommand;
}

/** Which parts of a kubeconfig to use; kubectl's flags of the same names. */
export interface KubeconfigOverrides {
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
}

/**
 * How to reach the cluster of a context (default: the current one).
 *
 * Errors: rejects with a {@link KubeconfigError} when the context, its cluster or user, or a file named there is missing.
 */
export async function transportOptions(
  config: Kubeconfig,
  ports: KubeconfigPorts,
  overrides: KubeconfigOverrides = {},
): Promise<HttpsTransportOptions & { readonly namespace: string }> {
  const contextName = overrides.context ?? config.currentContext;
  const context = contextName === undefined ? undefined : config.contexts.get(contextName);
  if (contextName !== undefined && context === undefined) throw new KubeconfigError(`context "${contextName}" does not exist`);
  const clusterName = overrides.cluster ?? context?.cluster;
  const cluster = clusterName === undefined ? undefined : config.clusters.get(clusterName);
  if (cluster === undefined) {
    throw new KubeconfigError(clusterName ? `cluster "${clusterName}" does not exist` : "no current context is set in the kubeconfig");
  }
  const userName = overrides.user ?? context?.user;
  const user = userName ? config.users.get(userName) : {};
  if (user === undefined) throw new KubeconfigError(`user "${userName}" does not exist`);
  return {
    ...(await clusterOptions(cluster, ports)),
    ...(await userOptions(user, ports)),
    clock: ports.clock,
    namespace: context?.namespace ?? "default",
  };
}

async function clusterOptions(cluster: KubeconfigCluster, ports: KubeconfigPorts): Promise<Omit<HttpsTransportOptions, "clock">> {
  return {
    server: cluster.server,
    certificateAuthority: await inlineOrFile(cluster["certificate-authority-data"], cluster["certificate-authority"], ports),
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"] ?? false,
    tlsServerName: cluster["tls-server-name"],
  };
}

async function userOptions(user: KubeconfigUser, ports: KubeconfigPorts): Promise<Partial<HttpsTransportOptions>> {
  return {
    clientCertificate: await inlineOrFile(user["client-certificate-data"], user["client-certificate"], ports),
    clientKey: await inlineOrFile(user["client-key-data"], user["client-key"], ports),
    token: user.token,
    username: user.username,
    password: user.password,
    credentials: changingCredentials(user, ports),
    impersonate: user.as ? { user: user.as, uid: user["as-uid"], groups: user["as-groups"] } : undefined,
  };
}

function changingCredentials(user: KubeconfigUser, ports: KubeconfigPorts): CredentialSource | undefined {
  const { tokenFile, exec } = user;
  if (exec) return execCredential(ports.clock, exec, ports.run);
  // client-go: a token file wins over a token, so that rotation works.
  return tokenFile ? tokenFileCredential(ports.clock, () => readRequired(tokenFile, ports)) : undefined;
}

async function inlineOrFile(data: string | undefined, path: string | undefined, ports: KubeconfigPorts): Promise<string | undefined> {
  if (data) return Buffer.from(data, "base64").toString("utf8");
  return path ? readRequired(path, ports) : undefined;
}

async function readRequired(path: string, ports: KubeconfigPorts): Promise<string> {
  const text = await ports.files.read(path);
  if (text === undefined) throw new KubeconfigError(`${path}, named in the kubeconfig, does not exist`);
  return text;
}

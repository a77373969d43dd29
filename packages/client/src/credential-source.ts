import { parseTime, type Clock } from "@skiff/base";

/** What proves who a client is: at most one token, or a name and password; a certificate is part of the connection. */
export interface Credential {
  readonly token?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/** Where credentials come from that change over time. */
export interface CredentialSource {
  current(): Promise<Credential>;
  /** The server refused the last one (401): the next call of `current` must fetch a new one. */
  invalidate(): void;
}

/** How often a token file is read again; Kubernetes rotates the tokens of Pods under their feet. */
const TOKEN_FILE_TTL_MS = 60_000;

/** A token in a file that others rotate. Read again every minute and after a refusal. */
export function tokenFileCredential(clock: Clock, read: () => Promise<string>): CredentialSource {
  let cached: { readonly token: string; readonly untilMs: number } | undefined;
  return {
    async current() {
      if (cached === undefined || clock.monotonic() >= cached.untilMs) {
        cached = { token: (await read()).trim(), untilMs: clock.monotonic() + TOKEN_FILE_TTL_MS };
      }
      return { token: cached.token };
    },
    invalidate: () => (cached = undefined),
  };
}

/** What a kubeconfig says about a credential plug-in (`users[].user.exec`). */
export interface ExecConfig {
  readonly apiVersion?: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
  readonly interactiveMode?: string;
}

/** Runs a program to its end and answers what it printed. Errors: rejects when it cannot be started or fails. */
export type RunCommand = (command: string, args: readonly string[], env: Readonly<Record<string, string>>) => Promise<string>;

/**
 * A credential plug-in of `client.authentication.k8s.io/v1` or `v1beta1`: its answer is kept until it expires or the
 * server refuses it. Concurrent callers share one run.
 */
export function execCredential(clock: Clock, config: ExecConfig, run: RunCommand): CredentialSource {
  const apiVersion = config.apiVersion ?? "client.authentication.k8s.io/v1";
  let cached: { readonly credential: Credential; readonly untilMs: number } | undefined;
  let running: Promise<Credential> | undefined;
  const fetch = async (): Promise<Credential> => {
    const env = Object.fromEntries((config.env ?? []).map(({ name, value }) => [name, value]));
    env.KUBERNETES_EXEC_INFO = JSON.stringify({ apiVersion, kind: "ExecCredential", spec: { interactive: false } });
    let output: string;
    try {
      output = await run(config.command, config.args ?? [], env);
    } catch (error) {
      const hint = config.installHint ? `\n${config.installHint}` : "";
      throw new Error(`getting credentials: exec: "${config.command}" failed${hint}`, { cause: error });
    }
    const answer = JSON.parse(output) as { apiVersion?: string; kind?: string; status?: ExecStatus };
    if (answer.kind !== "ExecCredential" || answer.apiVersion !== apiVersion || answer.status === undefined) {
      throw new Error(`exec plugin "${config.command}" did not answer an ExecCredential of ${apiVersion} with a status`);
    }
    const { token, clientCertificateData, clientKeyData, expirationTimestamp } = answer.status;
    const credential = { token, clientCertificate: clientCertificateData, clientKey: clientKeyData };
    cached = { credential, untilMs: parseTime(expirationTimestamp) ?? Number.POSITIVE_INFINITY };
    return credential;
  };
  return {
    current() {
      if (cached !== undefined && clock.now() < cached.untilMs) return Promise.resolve(cached.credential);
      running ??= fetch().finally(() => (running = undefined));
      return running;
    },
    invalidate: () => (cached = undefined),
  };
}

interface ExecStatus {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

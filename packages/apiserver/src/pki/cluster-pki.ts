import type { Host } from "@skiff/base";
import { CertificateAuthority, type CertificateAndKey } from "./certificate-authority.ts";
import { generateKeyPair, loadKeyPair, readCertificate, type KeyPair } from "./node-crypto.ts";
import { needsRenewal } from "./validity.ts";

/** What is kept of a cluster's keys between runs. Absent parts are made when they are first asked for. */
export interface ClusterPkiFiles {
  readonly authority?: CertificateAndKey;
  readonly frontProxyAuthority?: CertificateAndKey;
  /** PKCS #8, PEM. */
  readonly serviceAccountKeyPem?: string;
  readonly apiServer?: CertificateAndKey;
  readonly frontProxyClient?: CertificateAndKey;
}

/** How a cluster is known to its clients. */
interface ClusterPkiOptions {
  /** What an earlier run saved. */
  readonly files?: ClusterPkiFiles;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** The ClusterIP of the `kubernetes` Service and every other address and name under which the API is reached. */
  readonly apiServerIps?: readonly string[];
  readonly apiServerNames?: readonly string[];
}

/**
 * All keys and certificates of a cluster. Each part is made when it is first asked for, so that a cluster in one
 * process, which needs only the service-account key, pays for nothing else.
 *
 * Guarantees: the same part is never made twice; nothing is written anywhere ({@link ClusterPki.save} answers what to keep).
 */
export class ClusterPki {
  readonly #host: Pick<Host, "clock" | "random">;
  readonly #options: ClusterPkiOptions;
  #authority: CertificateAuthority | undefined;
  #frontProxyAuthority: CertificateAuthority | undefined;
  #serviceAccountKey: KeyPair | undefined;
  #apiServer: CertificateAndKey | undefined;
  #frontProxyClient: CertificateAndKey | undefined;
  /** The certificate that was looked into last: it is asked for on every connection. */
  #knownToCover: string | undefined;

  constructor(host: Pick<Host, "clock" | "random">, options: ClusterPkiOptions = {}) {
    this.#host = host;
    this.#options = options;
    const { authority, frontProxyAuthority, serviceAccountKeyPem, apiServer, frontProxyClient } = options.files ?? {};
    if (authority) this.#authority = CertificateAuthority.load(host, authority);
    if (frontProxyAuthority) this.#frontProxyAuthority = CertificateAuthority.load(host, frontProxyAuthority);
    if (serviceAccountKeyPem !== undefined) this.#serviceAccountKey = loadKeyPair(serviceAccountKeyPem);
    this.#apiServer = apiServer;
    this.#frontProxyClient = frontProxyClient;
  }

  /** Signs the certificates of the API server, of its clients and of kubelets. */
  get authority(): CertificateAuthority {
    return (this.#authority ??= CertificateAuthority.create(this.#host, "kubernetes"));
  }

  /** Signs the certificates of those who may pass on requests in other people's names. */
  get frontProxyAuthority(): CertificateAuthority {
    return (this.#frontProxyAuthority ??= CertificateAuthority.create(this.#host, "front-proxy-ca"));
  }

  /** Signs service-account tokens. */
  get serviceAccountKey(): KeyPair {
    return (this.#serviceAccountKey ??= generateKeyPair());
  }

  /**
   * The API server's own certificate; replaced on the way when it is due or lacks one of the server's addresses, which a
   * machine may change. So ask again from time to time.
   */
  get apiServer(): CertificateAndKey {
    const current = this.#apiServer;
    if (current === undefined || needsRenewal(current.certificatePem, this.#host.clock.now()) || !this.#covers(current)) {
      this.#apiServer = this.authority.issueServerCertificate(this.#apiServerNames(), this.#apiServerIps());
    }
    return this.#apiServer as CertificateAndKey;
  }

  /** The names and addresses that belong to the API server: nobody else's certificate may hold one. */
  apiServerHosts(): readonly string[] {
    return [...this.#apiServerNames(), ...this.#apiServerIps()];
  }

  /** The certificate with which the API server speaks to extension API servers. Replaced when it is due. */
  get frontProxyClient(): CertificateAndKey {
    const current = this.#frontProxyClient;
    if (current === undefined || needsRenewal(current.certificatePem, this.#host.clock.now())) {
      this.#frontProxyClient = this.frontProxyAuthority.issueClientCertificate("front-proxy-client");
    }
    return this.#frontProxyClient as CertificateAndKey;
  }

  /** A new server certificate from the cluster's authority. */
  issueServerCertificate(names: readonly string[], ips: readonly string[]): CertificateAndKey {
    return this.authority.issueServerCertificate(names, ips);
  }

  /** A new client certificate from the cluster's authority. */
  issueClientCertificate(commonName: string, organizations: readonly string[] = []): CertificateAndKey {
    return this.authority.issueClientCertificate(commonName, organizations);
  }

  /** Everything that was made or loaded so far. */
  save(): ClusterPkiFiles {
    return {
      authority: this.#authority?.save(),
      frontProxyAuthority: this.#frontProxyAuthority?.save(),
      serviceAccountKeyPem: this.#serviceAccountKey?.privateKeyPem,
      apiServer: this.#apiServer,
      frontProxyClient: this.#frontProxyClient,
    };
  }

  #covers({ certificatePem }: CertificateAndKey): boolean {
    if (this.#knownToCover === certificatePem) return true;
    const certificate = readCertificate(certificatePem);
    const covers = this.#apiServerIps().every((ip) => certificate.checkIP(ip) !== undefined);
    if (covers) this.#knownToCover = certificatePem;
    return covers;
  }

  #apiServerNames(): string[] {
    const domain = this.#options.clusterDomain ?? "cluster.local";
    const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", `kubernetes.default.svc.${domain}`];
    return [...new Set(["kube-apiserver", ...service, "localhost", ...(this.#options.apiServerNames ?? [])])];
  }

  #apiServerIps(): string[] {
    return [...new Set(["127.0.0.1", "::1", ...(this.#options.apiServerIps ?? [])])];
  }
}

/** The keys and certificates of a cluster, made lazily or loaded from `options.files`. */
export function createClusterPki(host: Pick<Host, "clock" | "random">, options: ClusterPkiOptions = {}): ClusterPki {
  return new ClusterPki(host, options);
}

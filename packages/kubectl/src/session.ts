import { join } from "node:path";
import type { ApiRequest, JsonObject, KubeObject, Query } from "@skiff/api";
import {
  Client,
  kubeconfigPaths,
  loadKubeconfig,
  transportOptions,
  type DiscoveredResource,
  type HttpsTransportOptions,
  type Kubeconfig,
} from "@skiff/client";
import { resourcePath } from "@skiff/api";
import type { Flags } from "./flags.ts";
import type { KubectlIo, KubectlTransport } from "./io.ts";
import { KubectlError } from "./kubectl-error.ts";
import { ReportingTransport } from "./reporting-transport.ts";
import { ResourceMapper } from "./resource-mapper.ts";

/** Where a Pod finds its own credentials. */
const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

interface Connection {
  readonly transport: KubectlTransport;
  readonly client: Client;
  readonly namespace: string;
  readonly server: string;
}

/** What one run of a command works with: its flags, the cluster (reached when first needed), and where it prints. */
export class Session {
  readonly io: KubectlIo;
  readonly flags: Flags;
  #kubeconfig: Promise<Kubeconfig> | undefined;
  #connection: Promise<Connection> | undefined;
  #mapper: Promise<ResourceMapper> | undefined;

  constructor(io: KubectlIo, flags: Flags) {
    this.io = io;
    this.flags = flags;
  }

  /** Prints a line on standard output. */
  line(text: string): void {
    this.io.stdout(`${text}\n`);
  }

  /** Prints a line on standard error. */
  warn(text: string): void {
    this.io.stderr(`${text}\n`);
  }

  get kubeconfigPaths(): readonly string[] {
    return kubeconfigPaths(this.io.env, this.io.home, this.flags.maybe("kubeconfig"));
  }

  kubeconfig(): Promise<Kubeconfig> {
    this.#kubeconfig ??= loadKubeconfig(this.io.files, this.kubeconfigPaths);
    return this.#kubeconfig;
  }

  #connect(): Promise<Connection> {
    this.#connection ??= (async () => {
      const { namespace, ...options } = await this.#options();
      const transport = new ReportingTransport(this.io.openTransport(options), {
        host: this.io.host,
        server: options.server,
        verbosity: this.flags.integer("v"),
        timeoutMs: this.flags.durationMs("request-timeout"),
        report: (text) => this.warn(text),
      });
      return { transport, client: new Client(transport), namespace, server: options.server };
    })();
    return this.#connection;
  }

  async #options(): Promise<HttpsTransportOptions & { readonly namespace: string }> {
    const { flags, io } = this;
    const config = await this.kubeconfig();
    const ports = { files: io.files, clock: io.host.clock, run: io.run };
    const hasCluster = flags.has("context") || flags.has("cluster") || config.currentContext !== undefined;
    // Some commands have a `--user` of their own, which is not about the connection.
    const user = flags.isArray("user") ? undefined : flags.maybe("user");
    const overrides = { context: flags.maybe("context"), cluster: flags.maybe("cluster"), user };
    const base = hasCluster ? await transportOptions(config, ports, overrides) : await this.#withoutContext();
    const file = async (name: string): Promise<string | undefined> => {
      const path = flags.maybe(name);
      if (path === undefined) return undefined;
      const text = await io.files.read(path);
      if (text === undefined) throw new KubectlError(`unable to read ${name} ${path}: no such file or directory`);
      return text;
    };
    const server = flags.maybe("server") ?? base.server;
    const token = flags.maybe("token");
    const impersonated = flags.maybe("as");
    if (impersonated === undefined && (flags.has("as-group") || flags.has("as-uid"))) {
      throw new KubectlError("requesting uid, groups or user-extra for impersonation without impersonating a user");
    }
    return {
      ...base,
      server: /^https?:\/\//.test(server) ? server : `http://${server}`,
      certificateAuthority: (await file("certificate-authority")) ?? base.certificateAuthority,
      clientCertificate: (await file("client-certificate")) ?? base.clientCertificate,
      clientKey: (await file("client-key")) ?? base.clientKey,
      token: token ?? base.token,
      credentials: token === undefined ? base.credentials : undefined,
      username: flags.maybe("username") ?? base.username,
      password: flags.maybe("password") ?? base.password,
      insecureSkipTlsVerify: flags.bool("insecure-skip-tls-verify") || base.insecureSkipTlsVerify,
      tlsServerName: flags.maybe("tls-server-name") ?? base.tlsServerName,
      impersonate:
        impersonated === undefined ? base.impersonate : { user: impersonated, uid: flags.maybe("as-uid"), groups: flags.list("as-group") },
      userAgent: `kubectl/${io.version} (skiff)`,
    };
  }

  /** Without a context the credentials of a Pod, else the server of `--server`, else kubectl's old default. */
  async #withoutContext(): Promise<HttpsTransportOptions & { readonly namespace: string }> {
    const { env, files, host } = this.io;
    const token = this.flags.has("server") ? undefined : await files.read(join(SERVICE_ACCOUNT, "token"));
    const { KUBERNETES_SERVICE_HOST: address, KUBERNETES_SERVICE_PORT: port = "443" } = env;
    if (token === undefined || address === undefined) return { server: "http://localhost:8080", clock: host.clock, namespace: "default" };
    return {
      server: `https://${address.includes(":") ? `[${address}]` : address}:${port}`,
      token: token.trim(),
      certificateAuthority: await files.read(join(SERVICE_ACCOUNT, "ca.crt")),
      clock: host.clock,
      namespace: (await files.read(join(SERVICE_ACCOUNT, "namespace")))?.trim() ?? "default",
    };
  }

  async transport(): Promise<KubectlTransport> {
    return (await this.#connect()).transport;
  }

  async client(): Promise<Client> {
    return (await this.#connect()).client;
  }

  /** The address of the server. */
  async server(): Promise<string> {
    return (await this.#connect()).server;
  }

  /** The namespace of `-n`, else of the context, else `default`. */
  async namespace(): Promise<string> {
    const flag = this.flags.maybe("namespace");
    return flag === undefined || flag === "" ? (await this.#connect()).namespace : flag;
  }

  get hasExplicitNamespace(): boolean {
    return this.flags.text("namespace") !== "";
  }

  mapper(): Promise<ResourceMapper> {
    this.#mapper ??= this.client().then((client) => ResourceMapper.discover(client));
    return this.#mapper;
  }

  /** A request about a resource; answers its body. */
  async request(
    resource: DiscoveredResource,
    target: { readonly namespace?: string; readonly name?: string; readonly subresource?: string },
    request: Partial<ApiRequest> & { readonly query?: Query } = {},
  ): Promise<unknown> {
    const transport = await this.transport();
    const path = resourcePath(resource, target);
    return (await transport.request({ method: "GET", path, signal: this.io.signal, ...request })).body;
  }

  /** One object as the server has it. */
  async get(resource: DiscoveredResource, namespace: string | undefined, name: string): Promise<KubeObject & JsonObject> {
    return (await this.request(resource, { namespace, name })) as KubeObject & JsonObject;
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    if (this.#connection === undefined) return;
    const connection = await this.#connection.catch(() => undefined);
    connection?.transport.close?.();
  }
}

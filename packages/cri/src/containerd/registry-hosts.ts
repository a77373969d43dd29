/** Where the images of a registry are looked for. */
export interface RegistryMirror {
  /** The registry as it stands in references (`docker.io`, `registry.example:5000`), or `*` for every registry without a mirror of its own. */
  readonly registry: string;
  /** Tried in this order, the registry itself last. `http://` endpoints are spoken to without TLS. */
  readonly endpoints: readonly string[];
  /** Whether certificates are not checked. Default false. */
  readonly insecureSkipVerify?: boolean;
}

/** A file for containerd's registry configuration directory: its path below that directory, and its text. */
interface RegistryHostsFile {
  readonly path: string;
  readonly text: string;
}

/** The registry that answers for a name that is not its host's. */
const SERVERS: Readonly<Record<string, string>> = { "docker.io": "https://registry-1.docker.io" };

/**
 * The `hosts.toml` files for `mirrors`, by the rules of containerd's `certs.d`. Registries on this machine
 * (`localhost:5000`) need none: containerd speaks plain HTTP to them anyway.
 *
 * Errors: throws an `Error` for an endpoint that is not an HTTP URL or a registry that is not a name.
 */
export function renderRegistryHosts(mirrors: readonly RegistryMirror[]): readonly RegistryHostsFile[] {
  return mirrors.map((mirror) => {
    if (mirror.registry !== "*" && !/^[A-Za-z0-9][A-Za-z0-9.-]*(:\d+)?$/.test(mirror.registry)) {
      throw new Error(`"${mirror.registry}" is not the name of a registry; write for example docker.io or localhost:5000`);
    }
    const directory = mirror.registry === "*" ? "_default" : mirror.registry;
    return { path: `${directory}/hosts.toml`, text: renderHosts(mirror) };
  });
}

function renderHosts({ registry, endpoints, insecureSkipVerify = false }: RegistryMirror): string {
  const server = registry === "*" ? "" : `server = ${JSON.stringify(SERVERS[registry] ?? `https://${registry}`)}\n\n`;
  const hosts = endpoints.map((endpoint) => {
    const url = new URL(endpoint);
    if (url.protocol !== "http:" && url.protocol !== "https:") throw new Error(`"${endpoint}" is not an HTTP URL`);
    const origin = `${url.protocol}//${url.host}${url.pathname === "/" ? "" : url.pathname}`;
    const lines = [`[host.${JSON.stringify(origin)}]`, '  capabilities = ["pull", "resolve"]'];
    if (insecureSkipVerify) lines.push("  skip_verify = true");
    return `${lines.join("\n")}\n`;
  });
  return server + hosts.join("\n");
}

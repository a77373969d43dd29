import type { Pod } from "@skiff/api";

const MAX_HOSTNAME = 63;
/** What the kernel holds for a hostname (`HOST_NAME_MAX`). */
const MAX_FQDN = 64;

/** The names of a Pod inside itself. */
export interface PodHostname {
  /** What `hostname` prints. */
  readonly hostname: string;
  /** The first label of the name. */
  readonly shortName: string;
  /** Below which domain the Pod has a DNS name; empty without a subdomain. */
  readonly domain: string;
}

/** The hostname of a Pod. Errors: throws when `setHostnameAsFQDN` asks for more than the kernel holds. */
export function podHostname(pod: Pod, clusterDomain: string): PodHostname {
  const { hostname, subdomain, setHostnameAsFQDN, hostnameOverride } = pod.spec ?? {};
  if (hostnameOverride) return { hostname: hostnameOverride, shortName: hostnameOverride, domain: "" };
  const shortName = hostname || truncate(pod.metadata?.name ?? "");
  const domain = subdomain ? `${subdomain}.${pod.metadata?.namespace}.svc.${clusterDomain}` : "";
  if (setHostnameAsFQDN !== true || domain === "") return { hostname: shortName, shortName, domain };
  const fqdn = `${shortName}.${domain}`;
  if (fqdn.length > MAX_FQDN) {
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long (${MAX_FQDN} characters is the max, ${fqdn.length} characters requested)`,
    );
  }
  return { hostname: fqdn, shortName, domain };
}

function truncate(name: string): string {
  return name.length <= MAX_HOSTNAME ? name : name.slice(0, MAX_HOSTNAME).replace(/[-.]+$/, "");
}

/** The text of a Pod's `/etc/hosts`. */
export function hostsFile(pod: Pod, names: PodHostname, podIps: readonly string[], ofHost: string): string {
  const aliases = pod.spec?.hostAliases ?? [];
  const tail =
    aliases.length === 0
      ? ""
      : `\n# Entries added by HostAliases.\n${aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}\n`).join("")}`;
  if (pod.spec?.hostNetwork === true) return `# Kubernetes-managed hosts file (host network).\n${ofHost}${tail}`;
  const lines = [
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
  ];
  for (const ip of podIps) {
    lines.push(names.domain === "" ? `${ip}\t${names.shortName}` : `${ip}\t${names.shortName}.${names.domain}\t${names.shortName}`);
  }
  return `${lines.join("\n")}\n${tail}`;
}

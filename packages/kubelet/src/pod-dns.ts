import type { Pod } from "@skiff/api";
import type { PodSandboxConfig } from "./container-runtime.ts";

/** What the kubelet knows of DNS. */
export interface DnsSettings {
  /** Addresses of the cluster's DNS service; empty when there is none. */
  readonly clusterDns: readonly string[];
  /** `cluster.local`. */
  readonly clusterDomain: string;
}

/** The DNS configuration of a sandbox. */
type DnsConfig = NonNullable<PodSandboxConfig["dnsConfig"]>;

const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_LENGTH = 2048;

/** Reads a `resolv.conf` (resolv.conf(5)). Later `search` lines replace earlier ones. */
function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (keyword === "nameserver" && values[0] !== undefined) servers.push(values[0]);
    if (keyword === "search") searches = values.map((domain) => (domain.length > 1 ? domain.replace(/\.$/, "") : domain));
    if (keyword === "options") options = values;
  }
  return { servers, searches, options };
}

/** The DNS of a Pod, from its policy and the host's `resolv.conf`. */
export function podDns(pod: Pod, settings: DnsSettings, hostResolvConf: string): DnsConfig {
  const { dnsPolicy = "ClusterFirst", hostNetwork, dnsConfig } = pod.spec ?? {};
  const onHost = hostNetwork === true && dnsPolicy === "ClusterFirst";
  const usesCluster =
    !onHost && (dnsPolicy === "ClusterFirst" || dnsPolicy === "ClusterFirstWithHostNet") && settings.clusterDns.length > 0;
  const host = dnsPolicy === "None" ? { servers: [], searches: [], options: [] } : parseResolvConf(hostResolvConf);
  const base = usesCluster ? clusterDns(pod, settings, host.searches) : host;
  const servers = unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]).slice(0, MAX_SERVERS);
  const options = mergeOptions(base.options, dnsConfig?.options ?? []);
  return { servers, searches: fitSearches(unique([...base.searches, ...(dnsConfig?.searches ?? [])])), options };
}

function clusterDns(pod: Pod, settings: DnsSettings, hostSearches: readonly string[]): DnsConfig {
  const { clusterDomain } = settings;
  const own = clusterDomain ? [`${pod.metadata?.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain] : [];
  // `ndots:5` makes names such as `a.b.svc` go through the search list first.
  return { servers: settings.clusterDns, searches: unique([...own, ...hostSearches]), options: ["ndots:5"] };
}

function mergeOptions(base: readonly string[], extra: readonly { name?: string; value?: string }[]): string[] {
  const merged = new Map(base.map((option) => [option.split(":")[0] ?? "", option]));
  for (const { name = "", value } of extra) merged.set(name, value === undefined || value === "" ? name : `${name}:${value}`);
  return [...merged.values()];
}

function fitSearches(searches: readonly string[]): string[] {
  const kept: string[] = [];
  let length = 0;
  for (const search of searches.slice(0, MAX_SEARCHES)) {
    length += search.length + (kept.length > 0 ? 1 : 0);
    if (length > MAX_SEARCH_LENGTH) break;
    kept.push(search);
  }
  return kept;
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}

import { lookup } from "node:dns/promises";

const LOOKUP_TIMEOUT_MS = 3_000;

/** Where an nsqd listens. */
export interface NsqdAddress {
  readonly host: string;
  readonly port: number;
}

interface LookupAnswer {
  readonly producers?: readonly { readonly broadcast_address: string; readonly tcp_port: number }[];
}

/**
 * Asks every nsqlookupd behind `address` (`host:port`) which nsqd have the topic.
 *
 * Both names may stand for several machines, as those of headless Services do: each nsqd announces itself at one
 * nsqlookupd only, and all nsqd announce the same name. So all their addresses are asked, and all are answered.
 *
 * Errors: rejects when no nsqlookupd answers; that one of several is silent is no error.
 */
export async function lookupTopic(address: string, topic: string): Promise<NsqdAddress[]> {
  const { hostname, port } = new URL(`http://${address}`);
  const asked = await Promise.allSettled((await addressesOf(hostname)).map((host) => ask(host, port || "4161", topic)));
  const problems = asked.flatMap((each) => (each.status === "rejected" ? [each.reason as Error] : []));
  if (problems.length === asked.length) throw problems[0] ?? new Error(`${hostname} has no address`);
  const names = new Map(
    asked.flatMap((each) => (each.status === "fulfilled" ? each.value : [])).map((found) => [`${found.host}:${found.port}`, found]),
  );
  const found = await Promise.allSettled(
    [...names.values()].map(async (name) => (await addressesOf(name.host)).map((host) => ({ host, port: name.port }))),
  );
  return found.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
}

async function addressesOf(name: string): Promise<string[]> {
  return (await lookup(name, { all: true, family: 4 })).map(({ address }) => address);
}

async function ask(host: string, port: string, topic: string): Promise<NsqdAddress[]> {
  const response = await fetch(`http://${host}:${port}/lookup?topic=${encodeURIComponent(topic)}`, {
    headers: { accept: "application/vnd.nsq; version=1.0" },
    signal: AbortSignal.timeout(LOOKUP_TIMEOUT_MS),
  });
  const text = await response.text();
  // Nobody has published on it yet.
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`nsqlookupd answered ${response.status}: ${text.slice(0, 200)}`);
  const { producers = [] } = JSON.parse(text) as LookupAnswer;
  return producers.map(({ broadcast_address: name, tcp_port: tcpPort }) => ({ host: name, port: tcpPort }));
}

import { readFileSync } from "node:fs";

/** With systemd-resolved the usual file names a stub; the real servers are here. */
const RESOLVED = "/run/systemd/resolve/resolv.conf";

/** The name servers of this machine, in order. Read anew each time, because the machine may move to another network. */
export function nameServers(): string[] {
  const servers = read("/etc/resolv.conf");
  return servers.includes("127.0.0.53") ? read(RESOLVED) : servers;
}

function read(file: string): string[] {
  try {
    return Array.from(readFileSync(file, "utf8").matchAll(/^nameserver\s+(\S+)/gm), (match) => match[1] ?? "");
  } catch {
    // A machine without the file has no name server.
    return [];
  }
}

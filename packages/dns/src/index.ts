export { informerRecords } from "./cluster-records.ts";
export { DnsServer } from "./dns-server.ts";
export { Forwarder } from "./forwarder.ts";
export { NodeDnsSockets } from "./node-dns-sockets.ts";

export * from "./answer.ts";
export * from "./cluster-records.ts";
export * from "./dns-server.ts";
export * from "./forwarder.ts";
export { NodeDnsSockets } from "./node-dns-sockets.ts";
export * from "./sockets.ts";

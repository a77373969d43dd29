import { badRequest } from "@skiff/api";

/**
 * What nodes do not speak: `v5.channel.k8s.io` (CLOSE messages) and SPDY through WebSockets. Offered alone, the upgrade is
 * refused, and kubectl falls back to SPDY; offered among others, it is left out.
 */
const UNSUPPORTED = new Set(["v5.channel.k8s.io", "SPDY/3.1+portforward.k8s.io", "v2.portforward.k8s.io"]);

/** True for a request that asks for a change of protocol. */
export function isUpgradeRequest(headers: Readonly<Record<string, string | undefined>>): boolean {
  const tokens = (headers["connection"] ?? "").toLowerCase().split(",");
  return tokens.some((token) => token.trim() === "upgrade") && headers["upgrade"] !== undefined;
}

/** True for a WebSocket handshake. */
export function isWebSocketRequest(headers: Readonly<Record<string, string | undefined>>): boolean {
  return isUpgradeRequest(headers) && headers["upgrade"]?.toLowerCase() === "websocket";
}

/** The `sec-websocket-protocol` to pass on. Errors: `BadRequest` when nothing that nodes speak is left of it. */
export function supportedProtocols(offered: string): string {
  const protocols = offered.split(",").map((protocol) => protocol.trim());
  const supported = protocols.filter((protocol) => !UNSUPPORTED.has(protocol));
  if (supported.length === 0) throw badRequest(`unable to upgrade: unsupported WebSocket subprotocols: ${protocols.join(", ")}`);
  return supported.join(", ");
}

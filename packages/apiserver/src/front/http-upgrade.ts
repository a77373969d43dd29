import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { statusError } from "@skiff/api";
import type { UpgradeReply } from "../reply.ts";

/** How often an idle upgraded connection is probed, so that a client that is gone does not hold its backend forever. */
const KEEP_ALIVE_MS = 30_000;

/** Subprotocols of newer clients that container runtimes do not speak. */
const UNSUPPORTED_PROTOCOLS: ReadonlySet<string> = new Set(["v5.channel.k8s.io", "SPDY/3.1+portforward.k8s.io"]);

/**
 * Refuses WebSocket connections that offer nothing but the protocols of KEP-4006. kubectl from 1.31 on tries these first
 * and takes any answer but 101 as the sign to fall back to SPDY, which runtimes do speak.
 *
 * Errors: `BadRequest`.
 */
export function refuseUnsupportedProtocols({ headers }: IncomingMessage): void {
  if (headers.upgrade?.toLowerCase() !== "websocket") return;
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
  if (offered.every((each) => UNSUPPORTED_PROTOCOLS.has(each))) {
    throw statusError(
      "BadRequest",
      `none of the WebSocket protocols ${offered.join(", ")} is supported: use SPDY/3.1 or v4.channel.k8s.io`,
    );
  }
}

/** Passes on the backend's answer and from then on the bytes of both sides, until either closes. */
export function passUpgrade(reply: UpgradeReply, socket: Duplex, head: Buffer, auditId: string): void {
  const { stream } = reply;
  const lines = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ""}`, `audit-id: ${auditId}`];
  for (const [name, value] of Object.entries(reply.headers)) lines.push(`${name}: ${value}`);
  if ("setKeepAlive" in socket)
    (socket as Duplex & { setKeepAlive(enable: boolean, delayMs: number): void }).setKeepAlive(true, KEEP_ALIVE_MS);
  const pairs = [
    [stream, socket],
    [socket, stream],
  ] as const;
  for (const [side, other] of pairs) {
    side.on("error", () => other.destroy());
    side.on("close", () => endAfterFlush(other));
  }
  if (socket.destroyed || stream.destroyed) {
    socket.destroy();
    stream.destroy();
    return;
  }
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  // A side that has said all may still listen, so an end is passed on as an end; a close ends both.
  socket.pipe(stream);
  stream.pipe(socket);
  if (head.length > 0) stream.write(head);
}

/** What was said before the other side closed is still delivered. */
function endAfterFlush(side: Duplex): void {
  if (side.destroyed) return;
  if (side.writableFinished) side.destroy();
  else side.end(() => side.destroy());
}

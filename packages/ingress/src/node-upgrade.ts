import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { OwnAnswer } from "./http-messages.ts";
import type { BackendAnswer } from "./node-backend-request.ts";

/** Writes an answer of our own to a socket that Node's server has handed over, and ends it. */
export function writeRawAnswer(socket: Socket, { status, headers, body }: OwnAnswer): void {
  if (!socket.writable) return;
  const lines = Object.entries({ ...headers, "content-length": String(Buffer.byteLength(body)), connection: "close" });
  socket.end(`HTTP/1.1 ${status} \r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`);
}

/**
 * Gives the backend's answer to the client and, when both changed protocols, joins the two connections until one ends or
 * neither sends anything for `idleMs`.
 */
export function switchProtocols(client: Socket, early: Buffer, { request, response, upgradeHead }: BackendAnswer, idleMs: number): void {
  const lines = [`HTTP/1.1 ${response.statusCode ?? 502} ${response.statusMessage ?? ""}`];
  const isPlain = upgradeHead === undefined;
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    const [name = "", value = ""] = response.rawHeaders.slice(index, index + 2);
    // The body of a plain answer comes unframed, and its end is that of the connection.
    if (!isPlain || !["connection", "keep-alive", "transfer-encoding"].includes(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  if (isPlain) lines.push("connection: close");
  client.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (isPlain) {
    response.pipe(client);
    return;
  }
  const backend = response.socket;
  request.setTimeout(0);
  const ends: readonly [Socket, Socket][] = [
    [client, backend],
    [backend, client],
  ];
  for (const [one, other] of ends) {
    one.setTimeout(idleMs, () => one.destroy());
    one.on("error", () => one.destroy());
    one.once("close", () => other.destroy());
  }
  client.write(upgradeHead);
  backend.write(early);
  client.pipe(backend);
  backend.pipe(client);
}

/** The body of a request whose connection Node has handed over: `length` bytes of what came `early` and of what is to come. */
export function upgradeBody(socket: Socket, early: Buffer, length: number): Readable {
  return Readable.from(firstBytes(socket, early, length), { objectMode: false });
}

async function* firstBytes(socket: Socket, early: Buffer, length: number): AsyncIterable<Buffer> {
  let left = length;
  if (left > 0 && early.length > 0) {
    yield early.subarray(0, left);
    left -= Math.min(left, early.length);
  }
  while (left > 0) {
    const chunk = (socket.read() as Buffer | null) ?? undefined;
    if (chunk === undefined) {
      if (socket.destroyed) return;
      await new Promise((resolve) => {
        socket.once("readable", resolve);
        socket.once("close", resolve);
      });
      continue;
    }
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
  }
}

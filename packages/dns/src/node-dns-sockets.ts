import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, connect, type Server, type Socket } from "node:net";
import { listenOn } from "@skiff/base";
import type { DnsRequest, DnsSockets } from "./sockets.ts";

const DNS_PORT = 53;
/** At most so many TCP connections; more are refused. */
const CONNECTION_LIMIT = 256;
const IDLE_MS = 10_000;

/** DNS over the machine's sockets. */
export class NodeDnsSockets implements DnsSockets {
  readonly #closers: (() => Promise<void>)[] = [];

  async listen(address: string, port: number, onRequest: (request: DnsRequest) => void): Promise<number> {
    const tcp = createServer((socket) => serveStream(socket, onRequest));
    tcp.maxConnections = CONNECTION_LIMIT;
    const bound = await listenOn(tcp, port, address, () => {
      // A connection that could not be taken; the client asks again.
    });
    this.#closers.push(() => closeTcp(tcp));
    const udp = createSocket("udp4");
    try {
      await bindUdp(udp, address, bound);
    } catch (error) {
      await this.close();
      throw error;
    }
    udp.on("message", (message, from) => {
      onRequest({ message, transport: "udp", reply: (reply) => udp.send(reply, from.port, from.address, () => {}) });
    });
    udp.on("error", () => {});
    this.#closers.push(() => new Promise((resolve) => udp.close(() => resolve())));
    return bound;
  }

  exchange(server: string, message: Uint8Array, transport: "udp" | "tcp", timeoutMs: number): Promise<Uint8Array> {
    return transport === "udp" ? exchangeUdp(server, message, timeoutMs) : exchangeTcp(server, message, timeoutMs);
  }

  async close(): Promise<void> {
    await Promise.all(this.#closers.splice(0).map((close) => close()));
  }
}

function closeTcp(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function bindUdp(socket: UdpSocket, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, address, () => {
      socket.off("error", reject);
      resolve();
    });
  });
}

/** Messages over TCP have their length in front (RFC 1035, 4.2.2). */
function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(message.length + 2);
  frame.writeUInt16BE(message.length);
  frame.set(message, 2);
  return frame;
}

/** Calls back for each whole message of a stream. What is kept is less than one message, so at most 64 KiB. */
function readFrames(socket: Socket, onMessage: (message: Uint8Array) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= rest.readUInt16BE() + 2) {
      const length = rest.readUInt16BE();
      onMessage(rest.subarray(2, length + 2));
      rest = rest.subarray(length + 2);
    }
  });
}

function serveStream(socket: Socket, onRequest: (request: DnsRequest) => void): void {
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  readFrames(socket, (message) =>
    onRequest({ message, transport: "tcp", reply: (reply) => void (socket.writable && socket.write(framed(reply))) }),
  );
}

function exchangeUdp(server: string, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(server.includes(":") ? "udp6" : "udp4");
    const timer = setTimeout(() => end(() => reject(new Error(`${server} did not answer within ${timeoutMs} ms`))), timeoutMs);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    socket.once("error", (error) => end(() => reject(error)));
    // A connected socket takes answers of that server only.
    socket.connect(DNS_PORT, server, () => socket.send(message));
    socket.once("message", (reply) => end(() => resolve(reply)));
  });
}

function exchangeTcp(server: string, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port: DNS_PORT }, () => socket.write(framed(message)));
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`${server} did not answer within ${timeoutMs} ms`)));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`${server} closed the connection`)));
    readFrames(socket, (reply) => {
      resolve(reply);
      socket.destroy();
    });
  });
}

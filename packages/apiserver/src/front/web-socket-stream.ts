import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { StreamReply } from "../reply.ts";

/** Each chunk as a binary message, or as a text message in base64; without a protocol it is binary, too. */
const BINARY = "binary.k8s.io";
const BASE64 = "base64.binary.k8s.io";
/** Clients have nothing to say here. */
const MAX_MESSAGE_BYTES = 4096;
const NORMAL = 1000;
const INTERNAL_ERROR = 1011;

const handshake = new WebSocketServer({
  noServer: true,
  maxPayload: MAX_MESSAGE_BYTES,
  perMessageDeflate: false,
  handleProtocols: (offered) => [BINARY, BASE64].find((protocol) => offered.has(protocol)) ?? false,
});

/** Whether the client asks for the answer as WebSocket messages. */
export function wantsWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** Sends a body as WebSocket messages, as fast as the client takes them, and closes the connection at its end. */
export function streamToWebSocket({ body }: StreamReply, message: IncomingMessage, socket: Duplex, head: Buffer): void {
  handshake.handleUpgrade(message, socket, head, (client) => {
    client.on("error", () => client.terminate());
    sendAll(body, client).then(
      () => client.close(NORMAL),
      () => client.close(INTERNAL_ERROR),
    );
  });
}

async function sendAll(body: AsyncIterable<Uint8Array>, client: WebSocket): Promise<void> {
  for await (const chunk of body) {
    if (client.readyState !== WebSocket.OPEN) return;
    const data = client.protocol === BASE64 ? Buffer.from(chunk).toString("base64") : chunk;
    await new Promise<void>((resolve, reject) => client.send(data, (error) => (error ? reject(error) : resolve())));
  }
}

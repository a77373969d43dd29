import { createConnection, type Socket } from "node:net";
import { command, commandWithBody, type Frame, FrameReader, MAGIC } from "./frames.ts";

const CONNECT_TIMEOUT_MS = 3_000;

const END_TIMEOUT_MS = 2_000;

/** nsqd sends a heartbeat so often; without any bytes for two of them the connection is dead. */
const HEARTBEAT_MS = 10_000;

/** What a connection tells its owner. */
interface ConnectionEvents {
  /** Anything but heartbeats. */
  readonly frame: (frame: Frame) => void;
  /** Once, however the connection ended. */
  readonly closed: (reason: string) => void;
}

/** One connection to nsqd, past the handshake. Heartbeats are answered here. */
export class NsqConnection {
  readonly #socket: Socket;
  #ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Errors: rejects when nsqd cannot be reached within 3 s or refuses the client. */
  static async open(host: string, port: number, clientId: string, events: ConnectionEvents): Promise<NsqConnection> {
    const socket = createConnection({ host, port, noDelay: true });
    const connection = new NsqConnection(socket);
    const reader = new FrameReader();
    const identity = { client_id: clientId, user_agent: "skiff-example/1", heartbeat_interval: HEARTBEAT_MS, feature_negotiation: false };
    await new Promise<void>((resolve, reject) => {
      let reason = "closed by nsqd";
      let opened = false;
      socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error(`${host}:${port} does not answer`)));
      socket.once("connect", () => {
        socket.write(MAGIC);
        socket.write(commandWithBody(["IDENTIFY"], JSON.stringify(identity)));
      });
      socket.on("data", (chunk: Buffer) => {
        try {
          for (const frame of reader.push(chunk)) {
            if (frame.type === "response" && frame.text === "_heartbeat_") connection.send(command("NOP"));
            else if (opened) events.frame(frame);
            else if (frame.type === "response" && frame.text === "OK") {
              opened = true;
              socket.setTimeout(2 * HEARTBEAT_MS);
              resolve();
            } else throw new Error(`the handshake was answered with ${JSON.stringify(frame)}`);
          }
        } catch (error) {
          socket.destroy(error instanceof Error ? error : new Error(String(error)));
        }
      });
      socket.on("error", (error) => (reason = error.message));
      socket.once("close", () => {
        connection.#ended = true;
        if (opened) events.closed(reason);
        else reject(new Error(reason));
      });
    });
    return connection;
  }

  /** A connection that has ended takes nothing; its owner was told. */
  send(bytes: Buffer): void {
    if (!this.#ended) this.#socket.write(bytes);
  }

  /** Breaks the connection; what was sent last may not arrive. */
  close(): void {
    this.#socket.destroy();
  }

  /** Ends the connection when nsqd has all that was sent. */
  end(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      this.#socket.once("close", () => resolve());
      this.#socket.setTimeout(END_TIMEOUT_MS, () => this.#socket.destroy());
      this.#socket.end();
    });
  }
}

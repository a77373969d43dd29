import { StatusError, type ApiRequest } from "@skiff/api";
import type { Session } from "../session.ts";
import { SpdyConnection } from "./spdy-connection.ts";
import { WebSocketStream } from "./web-socket-stream.ts";

/** The channels of a remote command; with WebSockets the first byte of each message. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
export type Channel = (typeof CHANNEL)[keyof typeof CHANNEL];
/** The message of version 5 that ends the channel in its second byte. */
const CLOSE = 255;
const V5 = "v5.channel.k8s.io";
const V4 = "v4.channel.k8s.io";

/** What comes in from a remote command. */
interface ChannelHandlers {
  readonly onData: (channel: number, body: Buffer) => void;
  /** Called once, when the command is over. `error` is set when the connection broke. */
  readonly onClose: (error: Error | undefined) => void;
}

/** The connection to a remote command, whatever protocol carries it. */
export interface RemoteChannels {
  /** Starts reading; before that nothing is lost. */
  start(handlers: ChannelHandlers): void;
  /** Answers false when the caller should await {@link drained} before it goes on. */
  send(channel: Channel, body: Uint8Array): boolean;
  drained(): Promise<void>;
  /** Tells the command that its input is over, where the protocol can say so. */
  endInput(): void;
  close(): void;
}

/**
 * Connects to a remote command. Only version 5 and SPDY can end its input, so that with `needsEnd` version 5 is tried and, as in kubectl,
 * SPDY when the server refuses it.
 *
 * Errors: a `StatusError` when the server refuses both.
 */
export async function openChannels(
  session: Session,
  request: ApiRequest,
  channels: readonly Channel[],
  needsEnd: boolean,
): Promise<RemoteChannels> {
  const transport = await session.transport();
  const { random } = session.io.host;
  if (!needsEnd) return webSocketChannels(await WebSocketStream.open(transport, request, [V5, V4], random));
  try {
    return webSocketChannels(await WebSocketStream.open(transport, request, [V5], random));
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return spdyChannels(await SpdyConnection.open(transport, { ...request, method: "POST" }, V4), channels);
  }
}

function webSocketChannels(socket: WebSocketStream): RemoteChannels {
  return {
    start: ({ onData, onClose }) => socket.start({ onMessage: (message) => onData(message[0] ?? -1, message.subarray(1)), onClose }),
    send: (channel, body) => socket.send(Buffer.concat([Buffer.from([channel]), body])),
    drained: () => socket.drained(),
    endInput() {
      if (socket.protocol === V5) socket.send(Buffer.from([CLOSE, CHANNEL.stdin]));
    },
    close: () => socket.close(),
  };
}

/** One stream a channel, told apart by the header `streamType`. */
function spdyChannels(connection: SpdyConnection, channels: readonly Channel[]): RemoteChannels {
  const names = new Map(Object.entries(CHANNEL).map(([name, channel]) => [channel, name]));
  const streams = new Map(channels.map((channel) => [channel, connection.openStream({ streamtype: names.get(channel) ?? "" })]));
  const channelOf = new Map([...streams].map(([channel, stream]) => [stream, channel]));
  const streamOf = (channel: Channel): number => streams.get(channel) ?? 0;
  return {
    start({ onData, onClose }) {
      const open = new Set<Channel>(channels.filter((channel) => channel !== CHANNEL.stdin && channel !== CHANNEL.resize));
      connection.start({
        onData: (stream, body) => onData(channelOf.get(stream) ?? -1, body),
        onEnd(stream) {
          const channel = channelOf.get(stream);
          // The server may keep the connection when all has been said.
          if (channel !== undefined && open.delete(channel) && open.size === 0) connection.close();
        },
        onClose,
      });
    },
    send: (channel, body) => connection.send(streamOf(channel), body),
    drained: () => connection.drained(),
    endInput: () => connection.endStream(streamOf(CHANNEL.stdin)),
    close: () => connection.close(),
  };
}

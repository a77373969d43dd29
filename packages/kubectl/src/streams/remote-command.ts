import type { Query, Status } from "@skiff/api";
import { resourcePath } from "@skiff/api";
import type { DiscoveredResource } from "@skiff/client";
import { KubectlError } from "../kubectl-error.ts";
import type { Session } from "../session.ts";
import { WebSocketStream } from "./web-socket-stream.ts";

/** The channels of `v4.channel.k8s.io` and later; the first byte of each message. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
/** Standard input is sent in messages of at most so many bytes. */
const CHUNK_BYTES = 32 * 1024;

/** Where the streams of a remote command lead. */
export interface RemoteStreams {
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly stdout: (chunk: Uint8Array) => void;
  readonly stderr: (chunk: Uint8Array) => void;
  /** Its input and output are a terminal; sizes are sent along. */
  readonly tty: boolean;
}

/** What to run or attach to. */
export interface RemoteTarget {
  readonly pods: DiscoveredResource;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string | undefined;
  readonly subresource: "exec" | "attach";
  /** For `exec`. */
  readonly command?: readonly string[];
}

/**
 * Runs a command in a container, or attaches to it, and answers its exit code.
 *
 * Errors: a `StatusError` when the server refuses, {@link KubectlError} when the command could not be run or the
 * connection broke.
 */
export async function runRemote(session: Session, target: RemoteTarget, streams: RemoteStreams): Promise<number> {
  const { io } = session;
  const query: Query = {
    command: target.command,
    container: target.container,
    stdin: streams.stdin !== undefined || undefined,
    stdout: true,
    stderr: !streams.tty || undefined,
    tty: streams.tty || undefined,
  };
  const path = resourcePath(target.pods, { namespace: target.namespace, name: target.pod, subresource: target.subresource });
  const socket = await WebSocketStream.open(
    await session.transport(),
    { method: "GET", path, query, signal: io.signal },
    PROTOCOLS,
    io.host.random,
  );
  let status: Status | undefined;
  const raw = streams.tty && streams.stdin !== undefined && io.terminal.stdinIsTerminal;
  const stopResizing = streams.tty ? sendSizes(session, socket) : () => {};
  if (raw) io.terminal.setRaw(true);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.start({
        onMessage(message) {
          const body = message.subarray(1);
          if (message[0] === CHANNEL.stdout) streams.stdout(body);
          else if (message[0] === CHANNEL.stderr) streams.stderr(body);
          else if (message[0] === CHANNEL.error && body.length > 0) status = JSON.parse(body.toString("utf8")) as Status;
        },
        onClose: (error) => (error !== undefined && status === undefined ? reject(error) : resolve()),
      });
      if (streams.stdin !== undefined) sendInput(socket, streams.stdin).catch(reject);
    });
  } finally {
    if (raw) io.terminal.setRaw(false);
    stopResizing();
    socket.close();
  }
  return exitCodeOfStatus(status);
}

function sendSizes({ io }: Session, socket: WebSocketStream): () => void {
  const send = (): void => {
    const size = io.terminal.size();
    if (size !== undefined) socket.send(channel(CHANNEL.resize, Buffer.from(JSON.stringify({ Width: size.columns, Height: size.rows }))));
  };
  send();
  return io.terminal.onResize(send);
}

function channel(number: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([number]), body]);
}

async function sendInput(socket: WebSocketStream, stdin: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of stdin) {
    for (let start = 0; start < chunk.length; start += CHUNK_BYTES) {
      if (!socket.send(channel(CHANNEL.stdin, chunk.subarray(start, start + CHUNK_BYTES)))) await socket.drained();
    }
  }
  // Only version 5 can say that input has ended.
  if (socket.protocol === "v5.channel.k8s.io") socket.send(Buffer.from([CHANNEL.close, CHANNEL.stdin]));
}

function exitCodeOfStatus(status: Status | undefined): number {
  if (status === undefined || status.status === "Success") return 0;
  const code = status.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (code !== undefined && Number.isInteger(Number(code))) return Number(code);
  throw new KubectlError(status.message ?? "the command failed");
}

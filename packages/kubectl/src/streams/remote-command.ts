import type { Query, Status } from "@skiff/api";
import { resourcePath } from "@skiff/api";
import type { DiscoveredResource } from "@skiff/client";
import { KubectlError } from "../kubectl-error.ts";
import type { Session } from "../session.ts";
import { CHANNEL, openChannels, type Channel, type RemoteChannels } from "./remote-channels.ts";

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
interface RemoteTarget {
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
  const { stdin, tty } = streams;
  const channels: readonly Channel[] = [
    CHANNEL.error,
    ...(stdin ? [CHANNEL.stdin] : []),
    CHANNEL.stdout,
    ...(tty ? [CHANNEL.resize] : [CHANNEL.stderr]),
  ];
  // A terminal says by a character that its input is over.
  const needsEnd = stdin !== undefined && !tty;
  const remote = await openChannels(session, { method: "GET", path, query, signal: io.signal }, channels, needsEnd);
  let status: Status | undefined;
  const raw = streams.tty && streams.stdin !== undefined && io.terminal.stdinIsTerminal;
  const stopResizing = streams.tty ? sendSizes(session, remote) : () => {};
  if (raw) io.terminal.setRaw(true);
  try {
    await new Promise<void>((resolve, reject) => {
      remote.start({
        onData(channel, body) {
          if (channel === CHANNEL.stdout) streams.stdout(body);
          else if (channel === CHANNEL.stderr) streams.stderr(body);
          else if (channel === CHANNEL.error && body.length > 0) status = JSON.parse(body.toString("utf8")) as Status;
        },
        onClose: (error) => (error !== undefined && status === undefined ? reject(error) : resolve()),
      });
      if (streams.stdin !== undefined) sendInput(remote, streams.stdin).catch(reject);
    });
  } finally {
    if (raw) io.terminal.setRaw(false);
    stopResizing();
    remote.close();
  }
  return exitCodeOfStatus(status);
}

function sendSizes({ io }: Session, remote: RemoteChannels): () => void {
  const send = (): void => {
    const size = io.terminal.size();
    if (size !== undefined) remote.send(CHANNEL.resize, Buffer.from(JSON.stringify({ Width: size.columns, Height: size.rows })));
  };
  send();
  return io.terminal.onResize(send);
}

async function sendInput(remote: RemoteChannels, stdin: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of stdin) {
    for (let start = 0; start < chunk.length; start += CHUNK_BYTES) {
      if (!remote.send(CHANNEL.stdin, chunk.subarray(start, start + CHUNK_BYTES))) await remote.drained();
    }
  }
  remote.endInput();
}

function exitCodeOfStatus(status: Status | undefined): number {
  if (status === undefined || status.status === "Success") return 0;
  const code = status.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (code !== undefined && Number.isInteger(Number(code))) return Number(code);
  throw new KubectlError(status.message ?? "the command failed");
}

import type { Duplex } from "node:stream";
import { resourcePath, type Pod, type Service } from "@skiff/api";
import type { Command } from "../command.ts";
import type { LocalListener } from "../io.ts";
import { KubectlError, usageError } from "../kubectl-error.ts";
import { podForWords } from "../pod-of-object.ts";
import type { Session } from "../session.ts";
import { WebSocketStream } from "../streams/web-socket-stream.ts";

/** Port forwarding over one WebSocket per connection: channel 0 is data, channel 1 errors. */
const PROTOCOLS = ["v4.channel.k8s.io"];
const CHUNK_BYTES = 32 * 1024;

interface Forward {
  readonly local: number;
  readonly remote: number;
}

/** `kubectl port-forward`. */
export const portForwardCommand: Command = {
  name: "port-forward",
  summary: "Forward one or more local ports to a pod",
  usage: "TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
  flags: {
    address: { type: "list", default: "", help: "Addresses to listen on (comma separated)." },
    "pod-running-timeout": { type: "string", default: "1m0s", help: "Not used", hidden: true },
  },
  async run(session) {
    const { flags, io } = session;
    const [target, ...ports] = flags.args;
    if (target === undefined || ports.length === 0)
      throw usageError("port-forward", "TYPE/NAME and list of ports are required for port-forward");
    const { pod, selected } = await podForWords(session, [target], "port-forward");
    if (pod.status?.phase !== "Running")
      throw new KubectlError(`unable to forward port because pod is not running. Current status=${pod.status?.phase ?? "Unknown"}`);
    const service = selected.resource.kind === "Service" ? (selected.object as Service) : undefined;
    const forwards = ports.map((text) => parseForward(text, pod, service));
    const addresses = flags.has("address") ? flags.list("address") : ["localhost"];
    const listeners: LocalListener[] = [];
    let fail: (error: unknown) => void = () => {};
    const failed = new Promise<never>((_resolve, reject) => (fail = reject));
    try {
      for (const address of addresses.flatMap((one) => (one === "localhost" ? ["127.0.0.1", "::1"] : [one]))) {
        for (const { local, remote } of forwards) {
          const listener = await listenOn(
            session,
            address,
            local,
            (connection) =>
              void forward(session, pod, remote, connection).catch((error: unknown) =>
                session.warn(`E: error forwarding port ${remote} to pod: ${(error as Error).message}`),
              ),
          );
          if (listener === undefined) continue;
          listeners.push(listener);
          session.line(`Forwarding from ${address.includes(":") ? `[${address}]` : address}:${listener.port} -> ${remote}`);
        }
      }
      if (listeners.length === 0) throw new KubectlError("unable to listen on any of the requested ports");
      io.signal.addEventListener("abort", () => fail(io.signal.reason), { once: true });
      if (io.signal.aborted) throw io.signal.reason;
      await failed;
    } finally {
      await Promise.all(listeners.map((listener) => listener.close()));
    }
  },
};

/** IPv6 may be missing on a machine; kubectl then listens on IPv4 only. */
async function listenOn(
  session: Session,
  address: string,
  port: number,
  onConnection: (connection: Duplex) => void,
): Promise<LocalListener | undefined> {
  try {
    return await session.io.listen(address, port, onConnection);
  } catch (error) {
    if (address === "::1") return undefined;
    throw new KubectlError(
      `unable to listen on port ${port}: Listeners failed to create with the following errors: [${(error as Error).message}]`,
      { cause: error },
    );
  }
}

function parseForward(text: string, pod: Pod, service: Service | undefined): Forward {
  const [first = "", second] = text.split(":");
  const remoteText = second ?? first;
  const wanted = second === undefined ? first : first;
  let remote = Number(remoteText);
  if (service !== undefined) remote = targetPort(service, pod, remoteText);
  else if (!Number.isInteger(remote)) remote = namedPort(pod, remoteText);
  const local = wanted === "" ? 0 : /^\d+$/.test(wanted) ? Number(wanted) : remote;
  if (!Number.isInteger(local) || local < 0 || local > 65_535)
    throw new KubectlError(`error parsing local port '${wanted}': strconv.ParseUint: parsing "${wanted}": invalid syntax`);
  if (!Number.isInteger(remote) || remote < 1 || remote > 65_535) throw new KubectlError(`remote port must be > 0`);
  return { local, remote };
}

function namedPort(pod: Pod, name: string): number {
  for (const { ports = [] } of pod.spec?.containers ?? []) {
    const found = ports.find((port) => port.name === name);
    if (found !== undefined) return found.containerPort;
  }
  throw new KubectlError(`Pod '${pod.metadata?.name ?? ""}' does not have a named port '${name}'`);
}

function targetPort(service: Service, pod: Pod, text: string): number {
  const port = (service.spec?.ports ?? []).find((one) => String(one.port) === text || one.name === text);
  if (port === undefined) throw new KubectlError(`Service ${service.metadata?.name ?? ""} does not have a service port ${text}`);
  const target = service.spec?.clusterIP === "None" ? port.port : (port.targetPort ?? port.port);
  return typeof target === "number" ? target : /^\d+$/.test(target) ? Number(target) : namedPort(pod, target);
}

async function forward(session: Session, pod: Pod, port: number, connection: Duplex): Promise<void> {
  const { io } = session;
  session.line(`Handling connection for ${port}`);
  const pods = await (await session.mapper()).byKind("v1", "Pod");
  const { name, namespace } = pod.metadata ?? {};
  const path = resourcePath(pods, { namespace, name, subresource: "portforward" });
  let socket: WebSocketStream;
  try {
    socket = await WebSocketStream.open(
      await session.transport(),
      { method: "GET", path, query: { ports: port } },
      PROTOCOLS,
      io.host.random,
    );
  } catch (error) {
    connection.destroy();
    throw error;
  }
  // The first message of each channel repeats the number of the port.
  const opened = new Set<number>();
  socket.start({
    onMessage(message) {
      const channel = message[0] ?? 0;
      if (!opened.has(channel)) {
        opened.add(channel);
        if (message.length === 3) return;
      }
      if (channel === 0) connection.write(message.subarray(1));
      else if (message.length > 1) session.warn(`error forwarding port ${port} to pod: ${message.subarray(1).toString("utf8")}`);
    },
    onClose: () => connection.end(),
  });
  connection.on("error", () => socket.close());
  connection.on("close", () => socket.close());
  for await (const chunk of connection as AsyncIterable<Buffer>) {
    for (let start = 0; start < chunk.length; start += CHUNK_BYTES) {
      if (!socket.send(Buffer.concat([Buffer.from([0]), chunk.subarray(start, start + CHUNK_BYTES)]))) await socket.drained();
    }
  }
}

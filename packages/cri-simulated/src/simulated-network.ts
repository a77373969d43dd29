import { inWindow } from "./behaviour.ts";
import type { SimulatedContainer } from "./simulated-container.ts";

/** The answer of a simulated HTTP server. */
export interface SimulatedHttpResponse {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How long the server takes; the caller waits, for it knows its own deadline. */
  readonly delayMs: number;
}

/** Whether one of the containers accepts connections on the port now. */
export function answerConnect(containers: readonly SimulatedContainer[], port: number): boolean {
  return listenerOn(containers, port) !== undefined;
}

/** What the container that listens on the port answers; `undefined` when none does. */
export function answerHttp(containers: readonly SimulatedContainer[], port: number, path: string): SimulatedHttpResponse | undefined {
  const container = listenerOn(containers, port);
  if (container === undefined) return undefined;
  const answer = container.behaviour.http?.find(
    (each) => path.startsWith(each.path ?? "") && (each.port === undefined || each.port === port) && inWindow(each, container.sinceStartMs),
  );
  return { status: answer?.status ?? 200, body: answer?.body ?? "", headers: answer?.headers ?? {}, delayMs: answer?.delayMs ?? 0 };
}

function listenerOn(containers: readonly SimulatedContainer[], port: number): SimulatedContainer | undefined {
  return containers.find(({ running, behaviour, sinceStartMs }) => {
    const { listen } = behaviour;
    if (!running) return false;
    return listen === undefined || (inWindow(listen, sinceStartMs) && (listen.ports === undefined || listen.ports.includes(port)));
  });
}

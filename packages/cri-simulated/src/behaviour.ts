import type { ContainerConfig } from "@skiff/kubelet";

/** A span of time in milliseconds since the container was started; an absent end is open. */
interface TimeWindow {
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** Which containers a rule is for. Every condition given must hold. */
interface BehaviourMatch {
  /** The image as the user wrote it; `*` stands for any letters. */
  readonly image?: string;
  /** Must be part of the command and the arguments, joined by single spaces. */
  readonly command?: string;
  /** The name of the container in its Pod. */
  readonly container?: string;
  /** Only attempts below this number: a container that fails so many times and then works. */
  readonly attemptBelow?: number;
}

/** A line that a container writes. */
interface SimulatedLogLine {
  readonly text: string;
  /** Milliseconds after the start. Default 0. */
  readonly afterMs?: number;
  /** Written again each time this many milliseconds have passed, until the container ends. Default: once. */
  readonly everyMs?: number;
  /** Default `stdout`. */
  readonly stream?: "stdout" | "stderr";
}

/** What a command run inside a container answers. The first answer that fits wins; without one the command succeeds and prints nothing. */
interface SimulatedExecAnswer extends TimeWindow {
  /** The command joined by single spaces starts with this. Default: every command. */
  readonly command?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  /** Default 0. */
  readonly exitCode?: number;
  /** How long the command takes. Default 0. */
  readonly delayMs?: number;
}

/** What a container answers to HTTP requests. The first answer that fits wins; without one it answers 200 with no body. */
interface SimulatedHttpAnswer extends TimeWindow {
  /** The path of the request starts with this. Default: every path. */
  readonly path?: string;
  readonly port?: number;
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
}

/** When and where a container accepts connections. */
interface SimulatedListener extends TimeWindow {
  /** Default: every port. */
  readonly ports?: readonly number[];
}

/**
 * How one kind of container behaves, as data. Everything absent has the default: it starts at once, runs until it is
 * stopped, ends at once on the stop signal, logs nothing, accepts connections on every port.
 */
export interface SimulatedBehaviour {
  readonly match?: BehaviourMatch;
  /** How long `startContainer` takes. */
  readonly startDelayMs?: number;
  /** `startContainer` is refused with this message, as when the command does not exist; the container ends with code 128. */
  readonly startError?: string;
  /** The container ends by itself this long after its start. */
  readonly exitAfterMs?: number;
  /** The code it then ends with. Default 0. */
  readonly exitCode?: number;
  /** The reason of that end. Default `Completed` for code 0 and `Error` otherwise. */
  readonly exitReason?: "Completed" | "Error" | "OOMKilled";
  /** How long it goes on after the stop signal. Default 0. */
  readonly stopDelayMs?: number;
  /** The code it ends with on the stop signal. Default 143, the default action of SIGTERM. */
  readonly stopExitCode?: number;
  /** Only the kill after the time of grace ends it. */
  readonly ignoresStopSignal?: boolean;
  readonly logs?: readonly SimulatedLogLine[];
  readonly exec?: readonly SimulatedExecAnswer[];
  readonly http?: readonly SimulatedHttpAnswer[];
  readonly listen?: SimulatedListener;
  /** CPU used while running, thousandths of a core. Default 0. */
  readonly cpuMillicores?: number;
  /** Default 0. */
  readonly memoryWorkingSetBytes?: number;
  /** Default 0. */
  readonly writableLayerBytes?: number;
}

/** The behaviour of every container that no rule is for. */
const DEFAULT_BEHAVIOUR: SimulatedBehaviour = Object.freeze({});

/** The first of `rules` that is for the container, or {@link DEFAULT_BEHAVIOUR}. */
export function behaviourOf(rules: readonly SimulatedBehaviour[], config: ContainerConfig): SimulatedBehaviour {
  return rules.find((rule) => rule.match === undefined || matches(rule.match, config)) ?? DEFAULT_BEHAVIOUR;
}

function matches(match: BehaviourMatch, config: ContainerConfig): boolean {
  if (match.container !== undefined && match.container !== config.metadata.name) return false;
  if (match.attemptBelow !== undefined && config.metadata.attempt >= match.attemptBelow) return false;
  if (match.image !== undefined && !matchesPattern(match.image, config.image.userSpecifiedImage || config.image.image)) return false;
  return match.command === undefined || [...config.command, ...config.args].join(" ").includes(match.command);
}

/** Whether `text` is `pattern`, in which `*` stands for any letters, none included. Takes time linear in both for each `*`. */
export function matchesPattern(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === text;
  if (!text.startsWith(first)) return false;
  let position = first.length;
  const last = rest.pop() ?? "";
  for (const part of rest) {
    const found = text.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return text.length - last.length >= position && text.endsWith(last);
}

/** Whether `sinceStartMs` lies in the window; the end does not belong to it. */
export function inWindow(window: TimeWindow, sinceStartMs: number): boolean {
  return sinceStartMs >= (window.fromMs ?? 0) && sinceStartMs < (window.untilMs ?? Number.POSITIVE_INFINITY);
}

import { existsSync, readFileSync } from "node:fs";
import { isStatus, leaseKind, nodeKind, type KubeObject } from "@skiff/api";
import { messageOf, parseTime, sleep, type Host } from "@skiff/base";
import type { Client, ResourceClient } from "@skiff/client";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import type { Kept } from "../process/kept-processes.ts";
import { isRunning } from "../process/process-table.ts";
import type { Progress } from "../progress.ts";
import { UserError } from "../user-error.ts";
import { isNodeReady, notReadyReason } from "./node-status.ts";

/** What is waited for: a part that was started, and for how long. */
export interface Wait {
  readonly host: Host;
  readonly kept: Kept;
  /** The number of the program as it runs now. */
  readonly pid: () => number | undefined;
  readonly logFile: string;
  /** In milliseconds of the monotonic clock. */
  readonly deadline: number;
  /** What to do when it fails. Default: a look at the log. */
  readonly nextStep?: string | undefined;
}

/** How often to look whether something that was started has become ready. */
const POLL_MS = 25;
/** How often to look whether it is still the same program, in polls: the process table is long. */
const POLLS_PER_LOOK = 20;
/** A program that is seen in so many lives before it is ready does not become ready. */
const MOST_LIVES = 3;

/** Waits until the API server answers and says that it is ready. */
export async function apiReady(wait: Wait, client: Client): Promise<void> {
  await poll(wait, "the API server", () => client.raw({ method: "GET", path: "/readyz" }).then(() => undefined, messageOf));
}

/** Waits until every node of the cluster is Ready. */
export async function nodesReady(wait: Wait, client: Client, config: ClusterConfig, progress: Progress): Promise<void> {
  await poll(wait, "the node", async () => {
    const items = await ofNodes(client.resource(nodeKind), config);
    const found = new Map(items.map((node) => [node.metadata?.name, node]));
    const waiting = config.nodes.filter((name) => {
      const node = found.get(name);
      return node === undefined || !isNodeReady(node);
    });
    const [next] = waiting;
    if (next === undefined) return undefined;
    progress.detail(`${config.nodes.length - waiting.length} of ${config.nodes.length} ready`);
    return `${next}: ${notReadyReason(found.get(next))}`;
  });
}

/**
 * Waits until every node has renewed its lease since `sinceMs`. What the API says of a node may stem from its last life;
 * a lease that was renewed shows that it is this one.
 */
export async function leasesRenewed(wait: Wait, client: Client, config: ClusterConfig, sinceMs: number): Promise<void> {
  await poll(wait, "the node", async () => {
    const items = await ofNodes(client.resource(leaseKind), config, "kube-node-lease");
    const renewed = new Set(items.flatMap(({ metadata, spec }) => ((parseTime(spec?.renewTime) ?? 0) >= sinceMs ? [metadata?.name] : [])));
    const waiting = config.nodes.find((node) => !renewed.has(node));
    return waiting === undefined ? undefined : `${waiting}: has not renewed its lease yet`;
  });
}

/** The objects that have the names of the nodes. A node that asks for itself, as on a machine that has joined, may not list. */
async function ofNodes<T extends KubeObject>(
  resource: ResourceClient<T>,
  { nodes }: ClusterConfig,
  namespace?: string,
): Promise<readonly T[]> {
  const [name, ...more] = nodes;
  if (name === undefined || more.length > 0) return (await resource.list({ namespace })).items;
  try {
    return [await resource.get({ namespace, name })];
  } catch (error) {
    if (isStatus(error, "NotFound")) return [];
    throw error;
  }
}

/** Waits until `problem` answers nothing, the program turns out not to work, or the time is up. */
async function poll(wait: Wait, what: string, problem: () => Promise<string | undefined>): Promise<void> {
  const { host, kept, logFile, deadline, nextStep } = wait;
  const lives = new Set<number>();
  for (let polls = 0; ; polls++) {
    const askedMs = host.clock.monotonic();
    const left = await problem().catch(messageOf);
    if (left === undefined) return;
    if (kept.keeper === undefined || !isRunning(kept.keeper)) throw ended(`${capitalised(what)} ended at once`, wait);
    const pid = polls % POLLS_PER_LOOK === 0 ? wait.pid() : undefined;
    if (pid !== undefined) lives.add(pid);
    if (lives.size >= MOST_LIVES) throw ended(`${capitalised(what)} crashes again and again`, wait);
    if (host.clock.monotonic() > deadline) {
      throw new UserError(
        `${capitalised(what)} did not become ready in time: ${left}`,
        nextStep ?? `Its log is ${logFile}; wait longer with --wait 5m`,
      );
    }
    // Asking takes at most a sixth of the time: lists of a thousand nodes would slow down what is waited for.
    await sleep(host.clock, Math.max(POLL_MS, 5 * (host.clock.monotonic() - askedMs)));
  }
}

/** What the program itself said last explains it best. */
function ended(what: string, { logFile, nextStep: advice = `Its log is ${logFile}` }: Wait): UserError {
  const lines = existsSync(logFile) ? readFileSync(logFile, "utf8").trim().split("\n") : ["it left no log"];
  const own = lines.filter((line) => !line.includes("the process ended and is started again"));
  const last = own.at(-1) ?? "";
  try {
    const { message = "", nextStep } = JSON.parse(last) as { message?: string; nextStep?: string };
    return new UserError(`${what}: ${message}`, nextStep ?? advice);
  } catch {
    return new UserError(`${what}: ${last.slice(0, 300)}`, advice);
  }
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

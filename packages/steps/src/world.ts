import { sleep, systemClock } from "@skiff/base";
import type { OtherMachine } from "@skiff/e2e";
import { Mismatch, type Outcome } from "./outcome.ts";
import type { Step } from "./step.ts";
import type { RunningCommand } from "./shell-session.ts";
import type { Workspace } from "./workspace.ts";

const POLL_MS = 500;

/** An object of the cluster, as far as every kind has it. */
interface ClusterObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
}

/** A Pod, as far as checks look at it. */
export interface PodObject extends ClusterObject {
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly name: string; readonly image: string }[] };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly containerStatuses?: readonly { readonly ready: boolean; readonly restartCount: number }[];
  };
}

/** Everything that the steps of one document act on. */
export class World {
  readonly workspace: Workspace;
  /** Address of the registry that has the document's images. */
  readonly registry: string;
  /** All steps of the document, in its order. */
  readonly steps: readonly Step[];
  /** What earlier steps found out and later ones need. */
  readonly facts = new Map<string, string>();
  /** Commands that go on in the background or in a terminal, by the id of the step that started them. */
  readonly running = new Map<string, RunningCommand>();
  /** There when the plan asks for one. */
  readonly #otherMachine: OtherMachine | undefined;

  constructor(workspace: Workspace, registry: string, steps: readonly Step[], otherMachine?: OtherMachine) {
    this.workspace = workspace;
    this.registry = registry;
    this.steps = steps;
    this.#otherMachine = otherMachine;
  }

  /** Runs a command of the workspace's PATH on the other machine, however it ends. */
  async runElsewhere(command: string, timeoutMs?: number): Promise<Outcome> {
    if (this.#otherMachine === undefined) throw new Error("the plan of this document asks for no other machine");
    return this.workspace.run(this.#otherMachine.command([command]).join(" "), timeoutMs);
  }

  /** Standard output of a shell command that must succeed. */
  async ok(command: string, timeoutMs?: number): Promise<string> {
    const { code, stdout, stderr } = await this.workspace.run(command, timeoutMs);
    if (code !== 0) throw new Mismatch(`${command}: exit ${code}\n${stderr || stdout}`);
    return stdout;
  }

  /** What `kubectl get ARGS -o json` answers: the object, or the items of the list. */
  async get<T = ClusterObject>(args: string): Promise<T> {
    const answer = JSON.parse(await this.ok(`kubectl get ${args} -o json`)) as { readonly items?: unknown };
    return (answer.items ?? answer) as T;
  }

  /** Applies a manifest that the document describes in words only. */
  async apply(manifest: string): Promise<void> {
    await this.ok(`kubectl apply -f - <<'END_OF_MANIFEST'\n${manifest}\nEND_OF_MANIFEST`);
  }

  /** Waits until `probe` answers something other than undefined or false; errors count as "not yet". */
  async eventually<T>(what: string, probe: () => Promise<T | undefined | false>, timeoutMs = 60_000): Promise<T> {
    const deadline = systemClock.monotonic() + timeoutMs;
    for (let last: unknown; ;) {
      try {
        const answer = await probe();
        if (answer !== undefined && answer !== false) return answer;
        last = undefined;
      } catch (error) {
        last = error;
      }
      if (systemClock.monotonic() > deadline)
        throw new Mismatch(`${what}: not within ${timeoutMs / 1000} s${last === undefined ? "" : `; at last: ${messageOf(last)}`}`);
      await sleep(systemClock, POLL_MS);
    }
  }

  /** The address of the first node. */
  async nodeAddress(): Promise<string> {
    return (await this.ok(`kubectl get nodes -o jsonpath='{.items[0].status.addresses[?(@.type=="InternalIP")].address}'`)).trim();
  }

  /** Where a NodePort Service answers, as `address:port`. */
  async nodePort(service: string, port = 0): Promise<string> {
    const number = (await this.ok(`kubectl get service ${service} -o jsonpath='{.spec.ports[${port}].nodePort}'`)).trim();
    if (number === "") throw new Mismatch(`Service ${service} has no node port`);
    return `${await this.nodeAddress()}:${number}`;
  }

  /** The Pods that a selector finds, by name. */
  async pods(selector: string): Promise<PodObject[]> {
    return this.get<PodObject[]>(`pods -l '${selector}'`);
  }
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

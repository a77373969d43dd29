import { sleep, systemClock } from "@skiff/base";
import { carryOut, onlyReads } from "./carry-out.ts";
import { expecting } from "./expectations.ts";
import type { SeedPlan, StepCheck } from "./seed-plan.ts";
import { skipReason } from "./skip-reason.ts";
import type { Step } from "./step.ts";
import { messageOf, type World } from "./world.ts";

const DEFAULT_WITHIN_MS = 60_000;
const REPEAT_MS = 1_000;

/** How a step ended. */
export interface StepResult {
  readonly step: Step;
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped; for a passed step, what is worth knowing. */
  readonly detail?: string;
  readonly tookMs: number;
}

/** The steps in the order in which they can be run: the document's, but for those that it shows too early. */
export function runnableOrder(steps: readonly Step[], later: SeedPlan["later"] = {}): Step[] {
  const order = steps.filter(({ id }) => later[id] === undefined);
  for (const step of steps.filter(({ id }) => later[id] !== undefined).reverse()) {
    const place = order.findIndex(({ id }) => id === later[step.id]);
    order.splice(place < 0 ? order.length : place + 1, 0, step);
  }
  return order;
}

/** Replays one document. `chosen` says which steps to run; all others are left out. Answers each result as it comes. */
export async function* replay(plan: SeedPlan, world: World, chosen: (step: Step) => boolean): AsyncGenerator<StepResult> {
  for (const step of world.steps.filter(chosen)) {
    const check = plan.checks[step.id];
    const skipped = skipReason(step, plan);
    if (skipped !== undefined) {
      yield { step, verdict: "skipped", detail: skipped, tookMs: 0 };
      continue;
    }
    const startedMs = systemClock.monotonic();
    const ended = (): number => systemClock.monotonic() - startedMs;
    try {
      await tryStep(step, plan, world, check ?? expecting());
      const oldForms = await world.workspace.takeOldForms();
      const detail = oldForms.length > 0 ? `by skiff kubectl: ${oldForms.join("; ")}` : undefined;
      yield { step, verdict: "passed", tookMs: ended(), ...(detail === undefined ? {} : { detail }) };
    } catch (error) {
      await world.workspace.takeOldForms();
      yield { step, verdict: "failed", detail: messageOf(error), tookMs: ended() };
    }
  }
}

async function tryStep(step: Step, plan: SeedPlan, world: World, check: StepCheck): Promise<void> {
  const perform = (): ReturnType<typeof carryOut> => check.perform?.(world, step) ?? carryOut(step, plan, world);
  const deadline = systemClock.monotonic() + (check.withinMs ?? DEFAULT_WITHIN_MS);
  const repeats = check.perform === undefined && onlyReads(step);
  let outcome = await perform();
  for (;;) {
    try {
      await check.verify(outcome, world, step);
      return;
    } catch (error) {
      const hopeless = !repeats && outcome.code !== 0;
      if (hopeless || systemClock.monotonic() > deadline) throw error;
    }
    await sleep(systemClock, REPEAT_MS);
    if (repeats) outcome = await perform();
  }
}

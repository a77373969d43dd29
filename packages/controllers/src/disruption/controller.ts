import { podDisruptionBudgetKind, podKind, type Pod, type PodDisruptionBudget } from "@skiff/api";
import type { InformerChange } from "@skiff/client";
import { changesOf, labelMatcher, objectsOf, type Controller, type Outcome, type Source } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { ExpectedScales } from "./expected-scale.ts";
import { dependsOnScale, planBudget, type BudgetPlan, type ObservedBudget } from "./plan.ts";

/** Says in the status of each PodDisruptionBudget how many of its Pods may be evicted now. */
export function createDisruptionController(context: ControllerContext): Controller<unknown, unknown> {
  return new DisruptionController(context);
}

class DisruptionController implements Controller<ObservedBudget, BudgetPlan> {
  readonly name = "disruption-controller";
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #scales: ExpectedScales;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#scales = new ExpectedScales(context);
    const { informers } = context;
    const budgets = informers.informer(podDisruptionBudgetKind);
    const pods = informers.informer(podKind);
    const concerned = ({ object, previous }: InformerChange<Pod>): string[] =>
      budgets
        .list(object.metadata?.namespace ?? "")
        .filter((budget) => selects(budget, object) || (previous !== undefined && selects(budget, previous)))
        .map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`);
    this.sources = [objectsOf(budgets), changesOf(pods, concerned), ...this.#scales.sources];
  }

  async observe(key: string): Promise<ObservedBudget | undefined> {
    const { informers } = this.#context;
    const budget = informers.informer(podDisruptionBudgetKind).get(key);
    if (budget === undefined) return undefined;
    const pods = informers
      .informer(podKind)
      .list(budget.metadata?.namespace ?? "")
      .filter((pod) => selects(budget, pod));
    if (!dependsOnScale(budget)) return { budget, pods };
    try {
      return { budget, pods, scale: await this.#scales.of(pods) };
    } catch (error) {
      return { budget, pods, failure: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  weigh({ pods }: ObservedBudget): number {
    return pods.length;
  }

  plan(observed: ObservedBudget, nowMs: number): BudgetPlan {
    return planBudget(observed, nowMs);
  }

  async perform({ status, notDeleted, requeueAfterMs }: BudgetPlan, observed: ObservedBudget): Promise<Outcome> {
    const { client } = this.#context;
    const { budget, failure } = observed;
    this.#report(observed, notDeleted);
    // With the revision that was observed: an eviction that came in between must not be lost.
    if (status !== undefined) await client.resource(podDisruptionBudgetKind).updateStatus({ ...budget, status });
    if (failure !== undefined) throw failure;
    return { requeueAfterMs };
  }

  #report({ budget, pods, scale, failure }: ObservedBudget, notDeleted: readonly Pod[]): void {
    const { events } = this.#context;
    const { namespace, name } = budget.metadata ?? {};
    if (pods.length === 0) events.event(podDisruptionBudgetKind, budget, "Normal", "NoPods", "No matching pods found");
    if (failure !== undefined) {
      const message = `Failed to calculate the number of expected pods: ${failure.message}`;
      events.event(podDisruptionBudgetKind, budget, "Warning", "CalculateExpectedPodCountFailed", message);
    }
    if ((scale?.unmanaged ?? 0) > 0) {
      const message =
        "Pods selected by this PodDisruptionBudget were found to be unmanaged. As a result, the status of the PDB cannot be calculated " +
        'correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB ' +
        "to an integer value.";
      events.event(podDisruptionBudgetKind, budget, "Warning", "UnmanagedPods", message);
    }
    for (const pod of notDeleted) {
      events.event(podKind, pod, "Warning", "NotDeleted", `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't`);
    }
  }
}

function selects({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  return labelMatcher(spec?.selector)(pod.metadata?.labels ?? {});
}

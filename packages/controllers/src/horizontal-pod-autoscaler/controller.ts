import { formatTime, messageOf } from "@skiff/base";
import {
  horizontalPodAutoscalerKind,
  isStatus,
  parseSelector,
  podKind,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerStatus,
  type Pod,
  type Selector,
} from "@skiff/api";
import type { Informer, InformerChange } from "@skiff/client";
import { changesOf, readsFrom, type Controller, type Outcome, type Source } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { sameJson } from "../same-json.ts";
import { Measurements } from "./measurements.ts";
import { conditionsWith, planAutoscaler, type AutoscalerPlan, type ObservedAutoscaler } from "./plan.ts";
import type { ScaleHistory } from "./scale-history.ts";
import { ScaleTargets, type ScaleTarget } from "./scale-targets.ts";

/** How often each autoscaler is looked at (upstream's default). */
const SYNC_PERIOD_MS = 15_000;

interface Observed extends ObservedAutoscaler {
  /** Absent when it could not be read. */
  readonly target: ScaleTarget | undefined;
}

/** Scales workloads so that their metrics stay on target. */
export function createHorizontalPodAutoscalerController(context: ControllerContext): Controller<Observed, AutoscalerPlan> {
  return new HorizontalPodAutoscalerController(context);
}

class HorizontalPodAutoscalerController implements Controller<Observed, AutoscalerPlan> {
  readonly name = "horizontal-pod-autoscaler";
  readonly sources: readonly Source[];
  readonly #context: ControllerContext;
  readonly #autoscalers: Informer<HorizontalPodAutoscaler>;
  readonly #pods: Informer<Pod>;
  readonly #targets: ScaleTargets;
  readonly #measurements: Measurements;
  readonly #histories = new Map<string, ScaleHistory>();
  /** What the scales of the targets picked when they were last read. */
  readonly #selectors = new Map<string, { readonly namespace: string; readonly selector: Selector }>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#autoscalers = context.informers.informer(horizontalPodAutoscalerKind);
    this.#pods = context.informers.informer(podKind);
    this.#targets = new ScaleTargets(context.client);
    this.#measurements = new Measurements(context.client, (reference) => this.#targets.resourceNameOf(reference));
    this.sources = [changesOf(this.#autoscalers, keysOfChange), readsFrom(this.#pods)];
  }

  async observe(key: string): Promise<Observed | undefined> {
    const autoscaler = this.#autoscalers.get(key);
    if (autoscaler === undefined) {
      this.#histories.delete(key);
      this.#selectors.delete(key);
      return undefined;
    }
    const { namespace = "" } = autoscaler.metadata ?? {};
    const known = { autoscaler, history: this.#histories.get(key), pods: [], rivals: [], readings: [] };
    let target: ScaleTarget;
    try {
      target = await this.#targets.read(namespace, autoscaler.spec.scaleTargetRef);
    } catch (error) {
      return { ...known, target: undefined, scale: { type: "failure", message: messageOf(error) } };
    }
    const { spec, status } = target.scale;
    const selectorText = status?.selector ?? "";
    const specReplicas = spec?.replicas ?? 0;
    const scale = { type: "scale", specReplicas, statusReplicas: status?.replicas ?? 0, hasSelector: selectorText !== "" } as const;
    if (selectorText === "") return { ...known, target, scale };
    const selector = parseSelector(selectorText);
    this.#selectors.set(key, { namespace, selector });
    const pods = this.#pods.list(namespace).filter(({ metadata }) => selector.matches(metadata?.labels ?? {}));
    const isMeasured = specReplicas > 0 || autoscaler.spec.minReplicas === 0;
    const metrics = isMeasured ? (autoscaler.spec.metrics ?? []) : [];
    const readings = await Promise.all(metrics.map((metric) => this.#measurements.read(metric, { namespace, selector: selectorText })));
    return { ...known, target, scale, pods, rivals: this.#rivalsOf(key, namespace, pods), readings };
  }

  plan(observed: Observed, nowMs: number): AutoscalerPlan {
    return planAutoscaler(observed, nowMs);
  }

  /** Never rejects, so that a target that cannot be scaled is looked at every 15 s like the others, as upstream does. */
  async perform(plan: AutoscalerPlan, observed: Observed, key: string): Promise<Outcome> {
    const { autoscaler } = observed;
    let { status, events, history } = plan;
    if (plan.scaleTo !== undefined && observed.target !== undefined) {
      try {
        await this.#targets.write(observed.target, plan.scaleTo);
      } catch (error) {
        const message = messageOf(error);
        status = notRescaled(autoscaler, plan.status, message, formatTime(this.#context.host.clock.now()));
        events = [
          ...events.filter(({ reason }) => reason !== "SuccessfulRescale"),
          { type: "Warning", reason: "FailedRescale", message: `New size: ${plan.scaleTo}; reason: ${plan.reason}; error: ${message}` },
        ];
        history = observed.history;
      }
    }
    if (history !== undefined) this.#histories.set(key, history);
    for (const { type, reason, message } of events) {
      this.#context.events.event(horizontalPodAutoscalerKind, autoscaler, type, reason, message);
    }
    if (!sameJson(status, autoscaler.status)) await this.#writeStatus({ ...autoscaler, status });
    return { requeueAfterMs: SYNC_PERIOD_MS };
  }

  async #writeStatus(autoscaler: HorizontalPodAutoscaler): Promise<void> {
    try {
      await this.#context.client.resource(horizontalPodAutoscalerKind).updateStatus(autoscaler);
    } catch (error) {
      // Somebody changed or deleted it meanwhile, which brings the key back by itself.
      if (!isStatus(error, "Conflict", "NotFound")) throw error;
    }
  }

  /** The other autoscalers of the namespace whose targets pick some of these Pods. */
  #rivalsOf(key: string, namespace: string, pods: readonly Pod[]): string[] {
    return Array.from(this.#selectors)
      .filter(([other, known]) => other !== key && known.namespace === namespace)
      .filter(([, { selector }]) => pods.some(({ metadata }) => selector.matches(metadata?.labels ?? {})))
      .map(([other]) => other);
  }
}

/** What the controller itself writes, the status, is no reason to look again before the time. */
function keysOfChange({ type, key, object, previous }: InformerChange<HorizontalPodAutoscaler>): readonly string[] {
  return type === "updated" && sameJson(object.spec, previous?.spec) ? [] : [key];
}

/** The status when the target could not be given its new size. */
function notRescaled(
  { status: before }: HorizontalPodAutoscaler,
  planned: HorizontalPodAutoscalerStatus,
  message: string,
  time: string,
): HorizontalPodAutoscalerStatus {
  const text = `the HPA controller was unable to update the target scale: ${message}`;
  const { lastScaleTime: _planned, ...status } = planned;
  return {
    ...status,
    desiredReplicas: before?.desiredReplicas ?? 0,
    ...(before?.lastScaleTime === undefined ? {} : { lastScaleTime: before.lastScaleTime }),
    conditions: conditionsWith(planned.conditions ?? [], "AbleToScale", false, "FailedUpdateScale", text, time),
  };
}

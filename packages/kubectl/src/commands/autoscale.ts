import { isStatus, parseQuantity, QuantityError, type JsonObject } from "@skiff/api";
import type { Command } from "../command.ts";
import type { Flags } from "../flags.ts";
import { FILE_FLAGS, OUTPUT_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError } from "../kubectl-error.ts";
import { selectObjects, type SelectedObject } from "../selected-objects.ts";
import { createGenerated } from "./create/create-generated.ts";

/** `kubectl autoscale`. */
export const autoscaleCommand: Command = {
  name: "autoscale",
  summary: "Auto-scale a deployment, replica set, stateful set, or replication controller",
  usage: "(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY] [options]",
  flags: {
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    ...WRITE_FLAGS,
    cpu: { type: "string", help: "Target CPU utilization over all the pods, as a percentage (70%) or as an amount for each pod (500m)." },
    "cpu-percent": {
      type: "string",
      default: "-1",
      help: "The target average CPU utilization (represented as a percent of requested CPU) over all the pods. Deprecated: use --cpu.",
      hidden: true,
    },
    memory: {
      type: "string",
      help: "Target memory utilization over all the pods, as a percentage (60%) or as an amount for each pod (200Mi).",
    },
    max: { type: "string", default: "-1", help: "The upper limit for the number of pods that can be set by the autoscaler. Required." },
    min: { type: "string", default: "-1", help: "The lower limit for the number of pods that can be set by the autoscaler." },
    name: { type: "string", help: "The name for the newly created object. If not specified, the name of the input resource will be used." },
    "save-config": { type: "bool", help: "If true, the configuration of current object will be saved in its annotation." },
  },
  async run(session) {
    const { flags } = session;
    if (!flags.has("max")) throw new KubectlError('required flag(s) "max" not set');
    const [max, min] = [flags.integer("max"), flags.integer("min")];
    if (max < 1) throw new KubectlError(`--max=MAXPODS is required and must be at least 1, max: ${max}`);
    if (max < min) throw new KubectlError(`--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${min}`);
    const metrics = metricsOf(flags);
    const selected = await selectObjects(session, flags);
    for (const one of selected) {
      await requireScale(() => session.request(one.resource, { namespace: one.namespace, name: one.name, subresource: "scale" }), one);
      await createGenerated(session, autoscalerFor(one, flags.text("name"), min, max, metrics), {
        manager: "kubectl-autoscale",
        outcome: "autoscaled",
      });
    }
  },
};

async function requireScale(read: () => Promise<unknown>, { resource, name }: SelectedObject): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!isStatus(error, "NotFound") || error.status.details?.name === name) throw error;
    throw new KubectlError(`cannot autoscale a ${resource.kind}: it has no scale`, { cause: error });
  }
}

function autoscalerFor(
  { resource, name, object }: SelectedObject,
  ownName: string,
  min: number,
  max: number,
  metrics: readonly JsonObject[],
): JsonObject {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: ownName === "" ? name : ownName },
    spec: {
      scaleTargetRef: { apiVersion: object.apiVersion ?? "", kind: resource.kind, name },
      ...(min > 0 ? { minReplicas: min } : {}),
      maxReplicas: max,
      ...(metrics.length > 0 ? { metrics: [...metrics] } : {}),
    },
  };
}

function metricsOf(flags: Flags): JsonObject[] {
  const percent = flags.integer("cpu-percent");
  if (percent >= 0 && flags.text("cpu") !== "")
    throw new KubectlError("if any flags in the group [cpu-percent cpu] are set none of the others can be");
  const cpu = percent >= 0 ? `${percent}%` : flags.text("cpu");
  return [...metricOf("cpu", cpu), ...metricOf("memory", flags.text("memory"))];
}

function metricOf(name: string, text: string): JsonObject[] {
  if (text === "") return [];
  return [{ type: "Resource", resource: { name, target: targetOf(name, text) } }];
}

function targetOf(name: string, text: string): JsonObject {
  if (/^\d+%$/.test(text)) return { type: "Utilization", averageUtilization: Number.parseInt(text, 10) };
  try {
    return { type: "AverageValue", averageValue: parseQuantity(text).toString() };
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new KubectlError(`invalid value "${text}" for --${name}: ${error.message}`, { cause: error });
  }
}

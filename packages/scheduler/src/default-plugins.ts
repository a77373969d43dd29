import { podDisruptionBudgetKind } from "@skiff/api";
import type { Host } from "@skiff/base";
import type { Client, InformerFactory } from "@skiff/client";
import type { Plugin } from "./framework/plugin.ts";
import { createDefaultBinder } from "./plugins/default-binder.ts";
import { createDefaultPreemption } from "./plugins/default-preemption.ts";
import { imageLocality } from "./plugins/image-locality.ts";
import { interPodAffinity } from "./plugins/inter-pod-affinity.ts";
import { createLikeSelector } from "./plugins/like-selector.ts";
import { nodeAffinity } from "./plugins/node-affinity.ts";
import { nodeName } from "./plugins/node-name.ts";
import { nodePorts } from "./plugins/node-ports.ts";
import { nodeResourcesBalancedAllocation } from "./plugins/node-resources-balanced-allocation.ts";
import { nodeResourcesFit } from "./plugins/node-resources-fit.ts";
import { nodeUnschedulable } from "./plugins/node-unschedulable.ts";
import { createPodTopologySpread } from "./plugins/pod-topology-spread.ts";
import { prioritySort } from "./plugins/priority-sort.ts";
import { schedulingGates } from "./plugins/scheduling-gates.ts";
import { taintToleration } from "./plugins/taint-toleration.ts";
import { createVolumeBinding } from "./plugins/volume-binding.ts";
import { createVolumeReader } from "./plugins/volume-reader.ts";
import { createVolumeRestrictions } from "./plugins/volume-restrictions.ts";

/** What plug-ins can be made from. */
export interface PluginContext {
  readonly host: Host;
  readonly client: Client;
  readonly informers: InformerFactory;
}

/** Upstream's default plug-ins, in upstream's order, which decides whose reason is reported when several refuse a node. */
export function defaultPlugins({ host, client, informers }: PluginContext): readonly Plugin[] {
  const volumes = createVolumeReader(informers);
  const budgets = informers.informer(podDisruptionBudgetKind);
  return [
    schedulingGates,
    prioritySort,
    nodeUnschedulable,
    nodeName,
    taintToleration,
    nodeAffinity,
    nodePorts,
    nodeResourcesFit,
    createVolumeRestrictions(volumes),
    createVolumeBinding({ clock: host.clock, client, volumes }),
    createPodTopologySpread(createLikeSelector(informers)),
    interPodAffinity,
    createDefaultPreemption((namespace) => budgets.list(namespace)),
    nodeResourcesBalancedAllocation,
    imageLocality,
    createDefaultBinder(client),
  ];
}

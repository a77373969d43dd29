import type { FlowSchema, FlowSchemaSpec, PriorityLevelConfiguration, PriorityLevelConfigurationSpec } from "../generated/types.ts";

/** What a FlowSchema leaves out, in place. */
export function setFlowSchemaDefaults(schema: FlowSchema): void {
  schema.spec ??= {} as FlowSchemaSpec;
  schema.status ??= {};
  schema.spec.matchingPrecedence ||= 1000;
}

/** What a PriorityLevelConfiguration leaves out, in place. */
export function setPriorityLevelDefaults(level: PriorityLevelConfiguration): void {
  level.spec ??= {} as PriorityLevelConfigurationSpec;
  level.status ??= {};
  const { exempt, limited } = level.spec;
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (!limited) return;
  limited.nominalConcurrencyShares ??= 30;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (queuing) {
    queuing.handSize ||= 8;
    queuing.queues ||= 64;
    queuing.queueLengthLimit ||= 50;
  }
}

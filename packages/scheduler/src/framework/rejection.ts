/**
 * Why a plug-in refuses a node, or a Pod as a whole. Plug-ins keep one for each reason where they can, as refusals are made
 * for every node.
 */
export class Rejection {
  /** The name of the plug-in. */
  readonly plugin: string;
  /** As they appear in the event, without the number of nodes. */
  readonly reasons: readonly string[];
  /** Whether taking other Pods off the node may help (upstream's `Unschedulable`, else `UnschedulableAndUnresolvable`). */
  readonly resolvable: boolean;

  constructor(plugin: string, reasons: readonly string[], resolvable: boolean) {
    this.plugin = plugin;
    this.reasons = reasons;
    this.resolvable = resolvable;
  }

  get message(): string {
    return this.reasons.join(", ");
  }
}

/** A refusal that preemption may help against. */
export function unschedulable(plugin: string, ...reasons: string[]): Rejection {
  return new Rejection(plugin, reasons, true);
}

/** A refusal that no preemption helps against. */
export function unresolvable(plugin: string, ...reasons: string[]): Rejection {
  return new Rejection(plugin, reasons, false);
}

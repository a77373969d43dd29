/** What the probes of a container say now. */
export type ProbeVerdict = "unknown" | "success" | "failure";

/** What the planner and the status read of the probes; by container id, so that a restarted container begins anew. */
export interface ProbeView {
  /** True when there is no startup probe, or it has succeeded. */
  started(containerId: string): boolean;
  /** True when there is no readiness probe, or it succeeds. */
  ready(containerId: string): boolean;
  startup(containerId: string): ProbeVerdict;
  liveness(containerId: string): ProbeVerdict;
}

import type { Pod, PriorityClass } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { getCurrent, type ObjectReader } from "../object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { isAbout, refusal } from "./refusal.ts";

/** The classes that every cluster has; the API server creates them at its start. */
export const SYSTEM_PRIORITY_CLASSES: readonly PriorityClass[] = [
  {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name: "system-node-critical" },
    value: 2_000_001_000,
    description: "Used for system critical pods that must not be moved from their current node.",
  },
  {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name: "system-cluster-critical" },
    value: 2_000_000_000,
    description: "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  },
];

const DEFAULT_PREEMPTION_POLICY = "PreemptLowerPriority";

/** Turns the name of a pod's PriorityClass into its priority, and sees to it that only one class is the default. */
export class PriorityAdmission implements AdmissionPlugin {
  readonly name = "Priority";
  readonly #reader: ObjectReader;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    if (!isAbout(request, "", "pods")) return;
    if (request.operation === "CREATE") await this.#prioritise(request, request.object as Pod);
    if (request.operation === "UPDATE") keepPriority(request.object as Pod, request.oldObject as Pod);
  }

  validate(request: AdmissionRequest): void {
    if (!isAbout(request, "scheduling.k8s.io", "priorityclasses")) return;
    if (request.operation !== "CREATE" && request.operation !== "UPDATE") return;
    const { globalDefault, metadata } = request.object as PriorityClass;
    if (!globalDefault) return;
    const other = this.#default();
    if (other !== undefined && other.metadata?.name !== metadata?.name) {
      throw refusal(request, `PriorityClass ${other.metadata?.name} is already marked as default. Only one default can exist`);
    }
  }

  async #prioritise(request: AdmissionRequest, { spec }: Pod): Promise<void> {
    if (spec === undefined) return;
    const priorityClass = await this.#classOf(request, spec.priorityClassName);
    const value = priorityClass?.value ?? 0;
    const policy = priorityClass?.preemptionPolicy ?? DEFAULT_PREEMPTION_POLICY;
    if (!spec.priorityClassName && priorityClass !== undefined) spec.priorityClassName = priorityClass.metadata?.name;
    if (spec.priority !== undefined && spec.priority !== value) {
      throw refusal(
        request,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    spec.priority = value;
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      throw refusal(
        request,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      );
    }
    spec.preemptionPolicy = policy;
  }

  async #classOf(request: AdmissionRequest, name: string | undefined): Promise<PriorityClass | undefined> {
    if (!name) return this.#default();
    const found =
      (await getCurrent(this.#reader, RESOURCES.priorityClasses, undefined, name)) ??
      SYSTEM_PRIORITY_CLASSES.find((candidate) => candidate.metadata?.name === name);
    if (found === undefined) throw refusal(request, `no PriorityClass with name ${name} was found`);
    return found;
  }

  /** Of several defaults, which can only be left from races, the lowest counts. */
  #default(): PriorityClass | undefined {
    const defaults = this.#reader.list(RESOURCES.priorityClasses).filter((candidate) => candidate.globalDefault);
    return defaults.reduce<PriorityClass | undefined>(
      (lowest, next) => (lowest === undefined || (next.value ?? 0) < (lowest.value ?? 0) ? next : lowest),
      undefined,
    );
  }
}

/** Clients that do not know the fields send updates without them; they stay what they were. */
function keepPriority(pod: Pod, old: Pod): void {
  if (pod.spec === undefined) return;
  if (pod.spec.priority === undefined && old.spec?.priority !== undefined) pod.spec.priority = old.spec.priority;
  if (pod.spec.preemptionPolicy === undefined && old.spec?.preemptionPolicy !== undefined)
    pod.spec.preemptionPolicy = old.spec.preemptionPolicy;
}

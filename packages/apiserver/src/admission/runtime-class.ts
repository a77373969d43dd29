import { jsonEquals, type Pod, type RuntimeClass } from "@skiff/api";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { getCurrent, type ObjectReader } from "../object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { isAbout, refusal } from "./refusal.ts";

/** Adds to a pod what its RuntimeClass costs and where it can run. */
export class RuntimeClassAdmission implements AdmissionPlugin {
  readonly name = "RuntimeClass";
  readonly #reader: ObjectReader;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    const pod = newPod(request);
    const runtimeClass = pod && (await this.#classOf(request, pod));
    if (pod?.spec === undefined || runtimeClass === undefined) return;
    const { overhead, scheduling } = runtimeClass;
    if (overhead?.podFixed !== undefined) {
      if (pod.spec.overhead && !jsonEquals(pod.spec.overhead, overhead.podFixed)) throw overheadRefusal(request);
      pod.spec.overhead = { ...overhead.podFixed };
    }
    if (scheduling === undefined) return;
    for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
      if ((pod.spec.nodeSelector?.[key] ?? value) !== value) {
        throw refusal(
          request,
          `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${pod.spec.nodeSelector?.[key]}`,
        );
      }
      pod.spec.nodeSelector = { ...pod.spec.nodeSelector, [key]: value };
    }
    const tolerations = [...(pod.spec.tolerations ?? [])];
    for (const toleration of scheduling.tolerations ?? []) {
      if (!tolerations.some((other) => jsonEquals(other, toleration))) tolerations.push({ ...toleration });
    }
    if (tolerations.length > 0) pod.spec.tolerations = tolerations;
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const pod = newPod(request);
    const runtimeClass = pod && (await this.#classOf(request, pod));
    const podFixed = runtimeClass?.overhead?.podFixed;
    if (podFixed !== undefined && !jsonEquals(pod?.spec?.overhead ?? {}, podFixed)) throw overheadRefusal(request);
    if (podFixed === undefined && pod?.spec?.overhead !== undefined) {
      throw refusal(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    }
  }

  async #classOf(request: AdmissionRequest, { spec }: Pod): Promise<RuntimeClass | undefined> {
    const name = spec?.runtimeClassName;
    if (!name) return undefined;
    const found = await getCurrent(this.#reader, RESOURCES.runtimeClasses, undefined, name);
    if (found === undefined) throw refusal(request, `pod rejected: RuntimeClass "${name}" not found`);
    return found;
  }
}

function newPod(request: AdmissionRequest): Pod | undefined {
  return isAbout(request, "", "pods") && request.operation === "CREATE" ? (request.object as Pod) : undefined;
}

function overheadRefusal(request: AdmissionRequest): Error {
  return refusal(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
}

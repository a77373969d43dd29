import type { JsonObject } from "@skiff/api";
import type { Flags } from "../flags.ts";
import { KubectlError } from "../kubectl-error.ts";

/** What `run` makes: a Pod today; until kubectl 1.18 a Deployment unless the flags said otherwise. */
type RunGenerator = "pod" | "deployment" | "job";

const GENERATORS: Readonly<Record<string, RunGenerator>> = {
  "run-pod/v1": "pod",
  "deployment/v1beta1": "deployment",
  "deployment/apps.v1beta1": "deployment",
  "deployment/apps.v1": "deployment",
  "job/v1": "job",
};

/** The first minor version of kubectl 1 whose `run` makes Pods only. */
const PODS_ONLY_SINCE = 18;

/**
 * What `run` is to make. `--generator` and `--replicas` are flags of old versions and mean what they meant then;
 * `emulated` is the version whose ways were asked for by `SKIFF_KUBECTL_VERSION`, such as `1.10`.
 *
 * Errors: {@link KubectlError} for a generator that never was, or a version that is none.
 */
export function runGenerator(flags: Flags, emulated: string | undefined): RunGenerator {
  const named = flags.text("generator");
  if (named !== "") {
    const generator = GENERATORS[named];
    if (generator === undefined) throw new KubectlError(`generator "${named}" not found`);
    return generator;
  }
  if (flags.has("replicas")) return "deployment";
  if (emulated === undefined || minorOf(emulated) >= PODS_ONLY_SINCE) return "pod";
  const byRestartPolicy: Readonly<Record<string, RunGenerator>> = { Always: "deployment", OnFailure: "job", Never: "pod" };
  return byRestartPolicy[flags.text("restart")] ?? "pod";
}

function minorOf(version: string): number {
  const minor = /^v?1\.(\d+)(\.\d+)?$/.exec(version)?.[1];
  if (minor === undefined) throw new KubectlError(`SKIFF_KUBECTL_VERSION is "${version}", which is no version such as 1.10`);
  return Number(minor);
}

/** The Deployment or Job that runs what `pod` would run alone. */
export function controllerOf(generator: "deployment" | "job", pod: JsonObject, replicas: number): JsonObject {
  const { name, labels, annotations } = pod.metadata as { name: string; labels: JsonObject; annotations?: JsonObject };
  const metadata = { labels, name };
  const template = { metadata: { labels, ...(annotations === undefined ? {} : { annotations }) }, spec: pod.spec as JsonObject };
  return generator === "job"
    ? { apiVersion: "batch/v1", kind: "Job", metadata, spec: { template } }
    : { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { replicas, selector: { matchLabels: labels }, template } };
}

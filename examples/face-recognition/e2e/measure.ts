/**
 * Measures a running application: posts so many samples in bulk, waits for their answers, and prints images a second and
 * where the time went, from the services' own metrics.
 *
 *     npx tsx examples/face-recognition/e2e/measure.ts --kubeconfig FILE [--images 96] [--address 127.0.0.1]
 */
import { parseArgs } from "node:util";
import { Kubectl, kubectls } from "@skiff/e2e/testing";
import { UNKNOWN } from "../samples.ts";
import { Application } from "./application.ts";

const { values } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    images: { type: "string", default: "96" },
    address: { type: "string", default: "127.0.0.1" },
  },
});
const [program] = kubectls();
if (program === undefined || values.kubeconfig === undefined) throw new Error("kubectl and --kubeconfig are needed");
const application = await Application.find(new Kubectl(program, values.kubeconfig), values.address);

/** A sum and a count of a histogram's step. */
async function step(selector: string, name: string, label: string): Promise<readonly [seconds: number, count: number]> {
  const of = (part: string): Promise<number> => application.metric(selector, `${name}_${part}{step="${label}"}`);
  return [await of("sum"), await of("count")];
}

const STEPS = [
  ["app=image-processor", "processor_seconds", "claim"],
  ["app=image-processor", "processor_seconds", "identify"],
  ["app=image-processor", "processor_seconds", "finish"],
  ["app=face-recog", "faces_seconds", "decode"],
  ["app=face-recog", "faces_seconds", "describe"],
] as const;
const all = (): Promise<(readonly [seconds: number, count: number])[]> =>
  Promise.all(STEPS.map(([selector, name, label]) => step(selector, name, label)));

// A broken picture costs next to nothing, and would flatter.
const samples = UNKNOWN.filter(({ expected }) => expected !== "broken-image");
const count = Number(values.images);
const paths = Array.from({ length: count }, (_, index) => `/unknown_people/${samples[index % samples.length]?.name}`);
const cpu = (): Promise<number> => application.metric("app=face-recog", "process_cpu_seconds_total");
const [before, cpuBefore] = [await all(), await cpu()];
const started = performance.now();
await application.postAll(paths);
await application.settled(30 * 60_000);
const seconds = (performance.now() - started) / 1000;
const [after, cpuAfter] = [await all(), await cpu()];

process.stdout.write(`${count} images in ${seconds.toFixed(1)} s: ${(count / seconds).toFixed(2)} images/s\n`);
process.stdout.write(`processor time of recognition: ${(((cpuAfter - cpuBefore) / count) * 1000).toFixed(0)} ms an image\n`);
for (const [index, [, name, label]] of STEPS.entries()) {
  const spent = (after[index]?.[0] ?? 0) - (before[index]?.[0] ?? 0);
  const times = (after[index]?.[1] ?? 0) - (before[index]?.[1] ?? 0);
  process.stdout.write(`${name} ${label}: ${((spent / times) * 1000).toFixed(1)} ms, ${times} times\n`);
}

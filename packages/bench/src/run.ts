/** `npm run bench`: prints the table and writes `bench-results/in-process.json`. `--tiny` runs everything on the smallest input. */
import { mkdirSync, writeFileSync } from "node:fs";
import { benchApi, benchDeployment, benchStart, type BenchSize } from "./in-process.ts";
import { formatTable, type Measurement } from "./measurement.ts";

const tiny = process.argv.includes("--tiny");
const size: BenchSize = tiny
  ? { runs: 1, nodes: 2, replicas: 4, objects: 10, watchers: 3 }
  : { runs: 5, nodes: 100, replicas: 1000, objects: 10_000, watchers: 1000 };
const measurements: Measurement[] = [];
for (const bench of [benchStart, benchDeployment, benchApi]) {
  process.stderr.write(`${bench.name} …\n`);
  measurements.push(...(await bench(bench === benchApi ? { ...size, runs: Math.min(size.runs, 3) } : size)));
}
if (!tiny) {
  process.stderr.write("benchDeployment, large …\n");
  measurements.push(...(await benchDeployment({ ...size, runs: 1, nodes: 1000, replicas: 10_000 })));
}
process.stdout.write(`${formatTable(measurements)}\n`);
mkdirSync("bench-results", { recursive: true });
writeFileSync("bench-results/in-process.json", `${JSON.stringify({ node: process.version, measurements }, undefined, 2)}\n`);

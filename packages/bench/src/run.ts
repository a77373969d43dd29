/**
 * `npm run bench`: prints the table and writes `bench-results/results.json`, with the load of the machine at the end.
 *
 *     npm run bench [-- [--tiny] [section]...]
 *
 * `--tiny` runs everything on the smallest input. Sections that cannot run here are left out, with the reason.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { compareStarts } from "./compared.ts";
import { formatTable, type Measurement } from "./measurement.ts";
import { SECTIONS } from "./sections.ts";

const RESULTS = "bench-results/results.json";

const tiny = process.argv.includes("--tiny");
const named = process.argv.slice(2).filter((argument) => argument !== "--tiny");
const unknown = named.filter((name) => !SECTIONS.some((section) => section.name === name));
if (unknown.length > 0)
  throw new Error(`there is no section ${unknown.join(", ")}; there are ${SECTIONS.map(({ name }) => name).join(", ")}`);

const machine = { node: process.version, cores: cpus().length };
const skipped: Record<string, string> = {};
let measurements: Measurement[] = [];

/** After each section, so that a long run that is broken off has not been for nothing. */
function writeResults(): void {
  mkdirSync("bench-results", { recursive: true });
  const load = loadavg()[0];
  writeFileSync(RESULTS, `${JSON.stringify({ machine, load, skipped, measurements }, undefined, 2)}\n`);
}

// Ends the programs that were started, too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
for (const { name, obstacle, run } of SECTIONS) {
  if (named.length > 0 && !named.includes(name)) continue;
  const reason = obstacle?.();
  if (reason !== undefined) {
    skipped[name] = reason;
    process.stderr.write(`${name}: left out: ${reason}\n`);
    continue;
  }
  process.stderr.write(`${name} …\n`);
  measurements = compareStarts([...measurements, ...(await run(tiny))]);
  writeResults();
}
process.stdout.write(`${formatTable(measurements)}\n`);
// Connections that are kept open must not keep the process.
process.exit(0);

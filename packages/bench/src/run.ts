/**
 * `npm run bench`: prints the table and writes `bench-results/results.json`.
 *
 *     npm run bench [-- [--tiny] [section]...]
 *
 * `--tiny` runs everything on the smallest input. Sections that cannot run here are left out, with the reason.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { compareStarts } from "./compared.ts";
import { formatTable, type Measurement } from "./measurement.ts";
import { SECTIONS } from "./sections.ts";

const tiny = process.argv.includes("--tiny");
const named = process.argv.slice(2).filter((argument) => argument !== "--tiny");
const unknown = named.filter((name) => !SECTIONS.some((section) => section.name === name));
if (unknown.length > 0)
  throw new Error(`there is no section ${unknown.join(", ")}; there are ${SECTIONS.map(({ name }) => name).join(", ")}`);

let measurements: Measurement[] = [];
const skipped: Record<string, string> = {};
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
}
process.stdout.write(`${formatTable(measurements)}\n`);
const machine = { node: process.version, cores: cpus().length };
mkdirSync("bench-results", { recursive: true });
writeFileSync("bench-results/results.json", `${JSON.stringify({ machine, skipped, measurements }, undefined, 2)}\n`);
// Connections that are kept open must not keep the process.
process.exit(0);

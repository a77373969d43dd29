/**
 * `npm run conformance`: upstream's conformance tests against a cluster of its own, with real containers. Prints the
 * results by area, writes them to `conformance-results/results.json`, and compares them with `known-failures.json`.
 * Ends with 1 when a test fails that is not known to.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@skiff/base";
import { NodeProcessSpawner } from "@skiff/cri";
import { LocalRegistry } from "@skiff/e2e";
import { ConformanceCluster } from "./conformance-cluster.ts";
import { compareWithKnown, type KnownFailures } from "./known-failures.ts";
import { type ConformanceOptions, parseOptions, USAGE } from "./options.ts";
import { mergeResults, type TestResult } from "./results.ts";
import { planBatches, selectTests } from "./selection.ts";
import { buildStandInImages } from "./stand-in-images.ts";
import { listTests, runBatch } from "./suite-run.ts";
import { formatSummary, summarise } from "./summary.ts";
import { REPOSITORY, requireTools, type Tools } from "./tools.ts";

const DIRECTORY = join(REPOSITORY, "conformance-results");
const RESULTS = join(DIRECTORY, "results.json");
/** One result a line, written as soon as it is known, so that a run that is broken off loses nothing. */
const JOURNAL = join(DIRECTORY, "results.jsonl");
const KNOWN = new URL("known-failures.json", import.meta.url);

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function earlierResults(): TestResult[] {
  const whole = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, "utf8")) as TestResult[]) : [];
  const lines = existsSync(JOURNAL) ? readFileSync(JOURNAL, "utf8").split("\n") : [];
  const journal = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as TestResult);
  return mergeResults(whole, journal);
}

async function runTests(tests: readonly string[], options: ConformanceOptions, tools: Tools): Promise<TestResult[]> {
  const cluster = new ConformanceCluster(options.name, DIRECTORY);
  say("Building the images …");
  const archives = await buildStandInImages(tools);
  // Tests that want an image pulled anew get it from here; the others need not wait for it.
  const registry = await LocalRegistry.of(archives, new NodeProcessSpawner(systemClock));
  let results: TestResult[] = [];
  try {
    await cluster.up(options.nodes, `registry.k8s.io=${registry.url}`);
    await cluster.loadImages(archives);
    let done = 0;
    const onResult = (result: TestResult): void => {
      appendFileSync(JOURNAL, `${JSON.stringify(result)}\n`);
      say(`[${++done}/${tests.length}] ${result.state.padEnd(6)} ${result.name}`);
    };
    for (const batch of planBatches(tests)) {
      say(`${batch.tests.length} tests, ${batch.serial ? "one at a time" : `${options.parallel} beside each other`}`);
      const { kubeconfig } = cluster;
      results = mergeResults(
        results,
        await runBatch(batch, { tools, kubeconfig, directory: DIRECTORY, parallel: options.parallel, onResult }),
      );
    }
  } finally {
    if (!options.keep) await cluster.remove();
    await registry.stop();
  }
  return results;
}

async function main(options: ConformanceOptions): Promise<number> {
  mkdirSync(DIRECTORY, { recursive: true });
  const tools = await requireTools();
  const earlier = options.resume ? earlierResults() : [];
  writeFileSync(JOURNAL, "");
  writeFileSync(RESULTS, JSON.stringify(earlier));
  const tests = selectTests(listTests(tools), options, earlier);
  const results = mergeResults(earlier, tests.length === 0 ? [] : await runTests(tests, options, tools));
  results.sort((a, b) => (a.name < b.name ? -1 : 1));
  writeFileSync(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(JOURNAL, "");
  const known = JSON.parse(readFileSync(KNOWN, "utf8")) as KnownFailures;
  const { regressions, repaired } = compareWithKnown(results, known);
  for (const { name, message } of regressions) say(`\nFAILED, and not known to: ${name}\n  ${message ?? ""}`);
  for (const name of repaired) say(`\nPasses now; take it from known-failures.json: ${name}`);
  process.stdout.write(`\n${formatSummary(summarise(results))}\n`);
  return regressions.length === 0 ? 0 : 1;
}

let options: ConformanceOptions | undefined;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  say(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
}
process.exitCode = options === undefined ? 2 : await main(options);

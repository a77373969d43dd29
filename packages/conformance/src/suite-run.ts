import { execFileSync, spawn } from "node:child_process";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ProgressReader } from "./progress-reader.ts";
import { mergeResults, parseReport, type TestResult } from "./results.ts";
import { type Batch, focusPattern, parseTestList } from "./selection.ts";
import type { Tools } from "./tools.ts";

/** The list of names is some 7000 lines. */
const LIST_MAX_BYTES = 64 * 1024 * 1024;

/** How to run a batch. */
interface SuiteRunOptions {
  readonly tools: Tools;
  readonly kubeconfig: string;
  /** Gets Ginkgo's report and all that the tests say. */
  readonly directory: string;
  /** How many tests run beside each other, where they may. */
  readonly parallel: number;
  readonly onResult: (result: TestResult) => void;
}

/** The names of all tests that the suite has; most are no conformance tests. */
export function listTests({ "e2e.test": program }: Tools): string[] {
  return parseTestList(execFileSync(program, ["--list-tests"], { encoding: "utf8", maxBuffer: LIST_MAX_BYTES }));
}

/**
 * Runs the tests of a batch and answers their results, with reasons where Ginkgo came to write its report. Failing tests
 * are no error. Errors: rejects when Ginkgo cannot be started.
 */
export async function runBatch(batch: Batch, options: SuiteRunOptions): Promise<TestResult[]> {
  const { tools, directory } = options;
  const heard: TestResult[] = [];
  const progress = new ProgressReader();
  const report = `${batch.name}.json`;
  const log = createWriteStream(join(directory, `${batch.name}.log`));
  await new Promise<void>((resolve, reject) => {
    const child = spawn(tools.ginkgo, arguments_(batch, options, report), { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (piece: string) => {
      log.write(piece);
      for (const result of progress.push(piece)) {
        heard.push(result);
        options.onResult(result);
      }
    });
    child.stderr.pipe(log, { end: false });
    child.once("error", reject);
    child.once("close", () => resolve());
  }).finally(() => log.end());
  const file = join(directory, report);
  return existsSync(file) ? mergeResults(heard, parseReport(readFileSync(file, "utf8"))) : heard;
}

function arguments_(batch: Batch, options: SuiteRunOptions, report: string): string[] {
  const { tools, kubeconfig, directory } = options;
  return [
    `--procs=${batch.serial ? 1 : options.parallel}`,
    `--focus=${focusPattern(batch.tests)}`,
    "--no-color",
    "-v",
    "--timeout=24h",
    `--output-dir=${directory}`,
    `--json-report=${report}`,
    tools["e2e.test"],
    "--",
    `--kubeconfig=${kubeconfig}`,
    `--kubectl-path=${tools.kubectl}`,
    "--provider=skeleton",
  ];
}

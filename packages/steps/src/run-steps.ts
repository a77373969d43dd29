/**
 * `npm run steps`: replays the steps of the source documents, each document against a real cluster of its own, and says
 * which of them work. Needs root on Linux, kubectl, and the built `skiff` command.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { kubectls, obstacle, OtherMachine } from "@skiff/e2e";
import { replay, runnableOrder, type StepResult } from "./replay.ts";
import { registryOf } from "./images.ts";
import { ReplayCluster, SKIFF } from "./replay-cluster.ts";
import { SEED_PLANS } from "./seeds/all-seeds.ts";
import type { SeedPlan } from "./seed-plan.ts";
import { parseSteps, seedsOf, type Step, StepFileError, stepsOfSeed } from "./step.ts";
import { formatResult, formatSummary } from "./step-report.ts";
import { World } from "./world.ts";
import { Workspace } from "./workspace.ts";

const STEP_FILE = "shared/mission/steps.yaml";
/** Documents are replayed one after the other, so one machine serves them all. */
const OTHER_MACHINE = { name: "steps-other", here: "10.199.78.1", there: "10.199.78.2" };

interface Flags {
  readonly steps?: string;
  readonly seed?: readonly string[];
  readonly only?: string;
  readonly keep?: boolean;
}

/** The step file beside one of the folders above this one. */
function findStepFile(): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, STEP_FILE);
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Which steps to run and which of them to report: with `--only`, what comes before them is their preparation. */
function selection(steps: readonly Step[], only: ReadonlySet<string>): { readonly run: Set<string>; readonly report: Set<string> } {
  const last = steps.findLastIndex(({ id }) => only.size === 0 || only.has(id));
  const run = steps.slice(0, last + 1).map(({ id }) => id);
  return { run: new Set(run), report: new Set(only.size === 0 ? run : run.filter((id) => only.has(id))) };
}

async function replaySeed(plan: SeedPlan, documented: readonly Step[], only: ReadonlySet<string>, keep: boolean): Promise<StepResult[]> {
  const steps = runnableOrder(documented, plan.later);
  const { run, report } = selection(steps, only);
  if (run.size === 0) return [];
  process.stdout.write(`\n== ${plan.seed}: ${plan.title} (${report.size} steps)\n`);
  const workspace = await Workspace.create({ kubectl: kubectls()[0] ?? "kubectl", skiff: SKIFF });
  const registry = await registryOf(plan.images);
  const otherMachine = plan.hasOtherMachine === true ? await OtherMachine.create(OTHER_MACHINE) : undefined;
  const world = new World(workspace, registry.url, steps, otherMachine);
  const cluster = new ReplayCluster(workspace, `steps-${plan.seed}`, plan.nodes ?? 1, registry.url, otherMachine?.addressHere);
  const results: StepResult[] = [];
  try {
    await cluster.up();
    await plan.prepare?.(world);
    for await (const result of replay(plan, world, ({ id }) => run.has(id))) {
      if (!report.has(result.step.id)) continue;
      results.push(result);
      process.stdout.write(`${formatResult(result)}\n`);
    }
  } finally {
    if (keep) process.stdout.write(`kept: cluster ${cluster.name}, KUBECONFIG=${workspace.kubeconfig}\n`);
    else {
      await plan.tidyUp?.(world);
      await cluster.delete();
      await otherMachine?.remove();
      await workspace.remove();
    }
    await registry.stop();
  }
  return results;
}

async function main(flags: Flags): Promise<number> {
  const file = flags.steps ?? findStepFile();
  if (file === undefined || !existsSync(file)) {
    process.stderr.write(`There is no step file${file === undefined ? "" : ` ${file}`}. Name it with --steps FILE.\n`);
    return 2;
  }
  const hindrance = obstacle() ?? (existsSync(SKIFF[1] ?? "") ? undefined : "the skiff command is not built: run npm run build");
  if (hindrance !== undefined) {
    process.stderr.write(`The steps cannot be replayed here: ${hindrance}.\n`);
    return 1;
  }
  const steps = parseSteps(readFileSync(file, "utf8"));
  const only = new Set(flags.only?.split(",").filter((id) => id !== ""));
  const unknown = [...only].filter((id) => !steps.some((step) => step.id === id));
  const seeds = flags.seed ?? seedsOf(steps);
  const strange = seeds.filter((seed) => !seedsOf(steps).includes(seed));
  if (unknown.length > 0 || strange.length > 0) {
    process.stderr.write(`The step file has no ${[...unknown, ...strange.map((seed) => `seed ${seed}`)].join(", ")}.\n`);
    return 2;
  }
  const reported = new Map<string, StepResult[]>();
  for (const seed of seeds) {
    const plan = SEED_PLANS.find((each) => each.seed === seed) ?? {
      seed,
      title: "a document without checks of its own",
      images: [],
      checks: {},
    };
    reported.set(seed, await replaySeed(plan, stepsOfSeed(steps, seed), only, flags.keep ?? false));
  }
  process.stdout.write(`\n${formatSummary(reported)}\n`);
  return [...reported.values()].flat().some(({ verdict }) => verdict === "failed") ? 1 : 0;
}

const program = new Command("steps")
  .description("replay the steps of the source documents against real clusters")
  .option("--steps <file>", `the step file (default: ${STEP_FILE} beside the repository)`)
  .option("--seed <number...>", "replay these documents only")
  .option("--only <ids>", "report these steps only (comma-separated); the steps before them are run as their preparation")
  .option("--keep", "leave the clusters and files there, to look around")
  .addHelpText(
    "after",
    "\nExamples:\n  npm run steps\n  npm run steps -- --seed 004\n  npm run steps -- --seed 002 --only s002-085,s002-086",
  )
  .action(async (flags: Flags) => {
    try {
      process.exitCode = await main(flags);
    } catch (error) {
      if (!(error instanceof StepFileError)) throw error;
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 2;
    }
  });
await program.parseAsync();

import { occursIn } from "./fragment.ts";
import { must, SILENT, type Outcome } from "./outcome.ts";
import { replaced } from "./replacements.ts";
import type { SeedPlan } from "./seed-plan.ts";
import { objectsOf, type Step } from "./step.ts";
import type { World } from "./world.ts";

/** Commands that change nothing, and so may be run again until they show what is expected. */
const READS =
  /^\s*(sudo )?(kubectl (get|describe|logs|cluster-info|version|api-resources|explain|rollout (status|history)|config (view|current-context|get-contexts)|top|auth)\b|curl (?!.*(-X|-d|--data)\b)|minikube status|tree |cat )/;

/** Whether a step may be repeated until its check holds. */
export function onlyReads(step: Step): boolean {
  return (step.kind === "command" || step.kind === "http") && READS.test(step.text);
}

/** Carries a step out by the general rule of its kind. */
export async function carryOut(step: Step, plan: SeedPlan, world: World): Promise<Outcome> {
  switch (step.kind) {
    case "command":
    case "http":
      return world.workspace.run(await replaced(step.text, world, plan.replacements ?? []));
    case "manifest":
      return step.fragment ? findFragment(step, world) : takeManifest(step, plan, world);
    case "expectation":
      return SILENT;
  }
}

/** A fragment is right when a whole manifest of the same file has it. */
async function findFragment(step: Step, world: World): Promise<Outcome> {
  const wholes = world.steps.filter((other) => other.kind === "manifest" && !other.fragment && other.file === step.file);
  must(wholes.length > 0, `no whole manifest of ${step.file ?? "this fragment's file"} is in the document`);
  const part = objectsOf(step.text)[0];
  const home = wholes.find((whole) => objectsOf(whole.text).some((object) => occursIn(part, object)));
  must(home !== undefined, `the fragment is in none of ${wholes.map(({ id }) => id).join(", ")}`);
  return SILENT;
}

/**
 * Writes a manifest to the document's file. Where a later command of the document applies that file the server is only
 * asked whether it would take it; otherwise it is applied here.
 */
async function takeManifest(step: Step, plan: SeedPlan, world: World): Promise<Outcome> {
  const file = step.file ?? `${step.id}.yaml`;
  await world.workspace.write(file, `${await replaced(step.text, world, plan.replacements ?? [])}\n`);
  if (objectsOf(step.text).some((object) => (object as { kind?: unknown }).kind === "Config")) return SILENT;
  const after = world.steps.slice(world.steps.indexOf(step) + 1);
  const appliedLater =
    step.file !== undefined && after.some(({ kind, text }) => kind === "command" && text.includes(file.replace(/^\.\//, "")));
  return world.workspace.run(`kubectl apply -f ${file}${appliedLater ? " --dry-run=server" : ""}`);
}

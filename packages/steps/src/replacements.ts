import { must } from "./outcome.ts";
import type { Replacement } from "./seed-plan.ts";
import type { PodObject, World } from "./world.ts";

/**
 * A Pod of the document, such as `mysql-78dbbd9c49-k6sdv`: a Pod of the same Deployment here. The same name always means
 * the same Pod as long as it lives, and different names mean different Pods where there are enough.
 */
const PODS_OF_DEPLOYMENTS: Replacement = {
  pattern: /\b([a-z][a-z0-9-]*?)-([a-f0-9]{8,10}|\d{9,10})-([a-z0-9]{5})\b/g,
  async value(world, [documented, deployment = ""]) {
    const pods = (await world.get<PodObject[]>("pods")).filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ kind, name }) => kind === "ReplicaSet" && name.replace(/-[a-z0-9]+$/, "") === deployment),
    );
    const known = world.facts.get(`pod ${documented}`);
    if (known !== undefined && pods.some(({ metadata }) => metadata.name === known)) return known;
    const taken = new Set([...world.facts].filter(([fact]) => fact.startsWith(`pod ${deployment}-`)).map(([, name]) => name));
    const pod = pods.find(({ metadata }) => !taken.has(metadata.name)) ?? pods[0];
    must(pod !== undefined, `there is no Pod of a Deployment ${deployment} to stand for ${documented}`);
    world.facts.set(`pod ${documented}`, pod.metadata.name);
    return pod.metadata.name;
  },
};

/** Puts this cluster's names and addresses in the place of the document's. */
export async function replaced(text: string, world: World, replacements: readonly Replacement[]): Promise<string> {
  let result = text;
  for (const replacement of [...replacements, PODS_OF_DEPLOYMENTS]) {
    const found = [...result.matchAll(replacement.pattern)];
    for (const match of found.reverse()) {
      const here = await replacement.value(world, match);
      result = result.slice(0, match.index) + here + result.slice(match.index + match[0].length);
    }
  }
  return result;
}

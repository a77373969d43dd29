/**
 * Builds the images that tests and examples use where no registry can be reached, and prints one archive a line, for
 * `skiff image load`. Arguments: names of images; default all. Needs root, for files in packages belong to several users.
 */
import { systemClock } from "@skiff/base";
import { NodeProcessSpawner } from "@skiff/cri";
import { buildBusyboxArchive, DebianImageBuilder, RECIPES } from "./src/index.ts";

const names = process.argv.slice(2);
const known = ["busybox", ...RECIPES.map(({ name }) => name)];
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no recipe for ${unknown.join(", ")}; there are ${known.join(", ")}\n`);
  process.exit(2);
}
const builder = new DebianImageBuilder({ spawner: new NodeProcessSpawner(systemClock) });
for (const name of names.length > 0 ? names : known) {
  const recipe = RECIPES.find((each) => each.name === name);
  process.stdout.write(`${recipe ? await builder.build(recipe) : await buildBusyboxArchive()}\n`);
}

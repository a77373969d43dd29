/** Builds the images and prints one archive a line, for `skiff image load`. */
import { buildImages, imageObstacle } from "./images.ts";

const why = imageObstacle();
if (why !== undefined) {
  process.stderr.write(`The images cannot be built here: ${why}. The Dockerfiles build them with any Docker.\n`);
  process.exit(1);
}
for (const archive of await buildImages()) process.stdout.write(`${archive}\n`);

import { systemClock } from "@skiff/base";
import { NodeProcessSpawner } from "@skiff/cri";
import { buildBusyboxArchive, DebianImageBuilder, LocalRegistry, RECIPES } from "@skiff/e2e";

/** Images that are not made by a recipe: how to build their archives, by name. Loaded when they are needed. */
const BUILDERS: Readonly<Record<string, (spawner: NodeProcessSpawner) => Promise<readonly string[]>>> = {
  busybox: async () => [await buildBusyboxArchive()],
  elasticsearch: async (spawner) => {
    const { buildElasticsearchImage, ELASTICSEARCH_VERSIONS } = await import("../../../examples/elasticsearch/images.ts");
    return Promise.all(ELASTICSEARCH_VERSIONS.map((version) => buildElasticsearchImage(version, spawner)));
  },
  "face-recognition": async () => (await import("../../../examples/face-recognition/images.ts")).buildImages(),
  "gold-price": async () => [await (await import("../../../examples/gold-price/images.ts")).buildGoldPriceImage()],
  hobnob: async () => [await (await import("../../../examples/hobnob/images.ts")).buildHobnobImage()],
};

/** Builds the archives of the named images, or takes them from the cache. Errors: when nothing of that name can be built. */
async function imageArchives(names: readonly string[], spawner: NodeProcessSpawner): Promise<string[]> {
  const builder = new DebianImageBuilder({ spawner });
  const archives: string[] = [];
  for (const name of names) {
    const recipe = RECIPES.find((each) => each.name === name);
    const build = recipe === undefined ? BUILDERS[name] : async () => [await builder.build(recipe)];
    if (build === undefined) throw new Error(`there is no image "${name}"`);
    archives.push(...(await build(spawner)));
  }
  return archives;
}

/** A registry that has the named images. The caller stops it. */
export async function registryOf(names: readonly string[]): Promise<LocalRegistry> {
  const spawner = new NodeProcessSpawner(systemClock);
  return LocalRegistry.of(await imageArchives(names, spawner), spawner);
}

import type { SeedPlan } from "../seed-plan.ts";
import { addMinikube } from "../stand-ins.ts";
import { NEEDS_DOCKER } from "../skip-reason.ts";
import type { World } from "../world.ts";
import { BACKEND_CHECKS, INGRESS_NGINX } from "./hobnob-backend.ts";
import { CLOUD_CHECKS, HOBNOB_CLUSTER } from "./hobnob-cloud.ts";
import { DASHBOARD_CHECKS } from "./hobnob-dashboard.ts";
import { ELASTICSEARCH_CHECKS } from "./hobnob-elasticsearch.ts";
import { MINIKUBE_CHECKS } from "./hobnob-minikube.ts";
import { VOLUME_CHECKS } from "./hobnob-volumes.ts";

const MAP_COUNT = "/proc/sys/vm/max_map_count";

/** The address of one of the three lone Elasticsearch servers; the document's end with 4, 5 and 6. */
async function loneServer(world: World, last: string): Promise<string> {
  const pods = await world.pods("app=elasticsearch");
  return pods[Number(last) - 4]?.status.podIP ?? "no-such-pod";
}

/** Elasticsearch and the Hobnob backend: first on one node, then on three. */
export const SEED_002: SeedPlan = {
  seed: "002",
  title: "Elasticsearch and the Hobnob API",
  images: ["elasticsearch", "hobnob", "busybox"],
  replacements: [
    { pattern: /\b172\.17\.0\.([456])\b/g, value: (world, [, last = ""]) => loneServer(world, last) },
    { pattern: /\bdo-block-storage\b/g, value: () => "standard" },
    // A folder of the machine's root, which is not ours to fill.
    { pattern: /(?<=\s)\/data\b/g, value: ({ workspace }) => `${workspace.directory}/data` },
    // Some machines let nobody raise it; the document's container would end with an error there.
    {
      pattern: /\bulimit -n 65536\b/g,
      value: async ({ workspace }, [raise]) => ((await workspace.run(raise)).code === 0 ? raise : "ulimit -n"),
    },
    { pattern: /https:\S+\/ingress-nginx\/\S+\/mandatory\.yaml/g, value: () => "mandatory.yaml" },
  ],
  async prepare(world) {
    const { workspace } = world;
    await addMinikube(world, "steps-002", `up --name steps-002 --registry-mirror '*=${world.registry}' --kubeconfig "$KUBECONFIG"`);
    await workspace.write("mandatory.yaml", INGRESS_NGINX);
    // What the document's machine was told in an earlier chapter: without it no Elasticsearch starts.
    world.facts.set("max_map_count", (await world.ok(`cat ${MAP_COUNT}`)).trim());
    await world.ok(`echo 262144 >${MAP_COUNT}`);
  },
  async tidyUp(world) {
    await world.workspace.run(`skiff delete --name ${HOBNOB_CLUSTER}`);
    await world.ok(`echo ${world.facts.get("max_map_count") ?? 65530} >${MAP_COUNT}`);
  },
  later: {
    // The aims of the chapter can be looked at when all runs.
    "s002-001": "s002-165",
    "s002-074": "s002-079",
    // The folder must be there first.
    "s002-122": "s002-124",
  },
  elsewhere: {
    "s002-145": NEEDS_DOCKER,
    "s002-146": NEEDS_DOCKER,
    "s002-148": NEEDS_DOCKER,
    "s002-149": NEEDS_DOCKER,
    "s002-166": "an exercise for the reader: the document gives nothing to run",
  },
  checks: { ...MINIKUBE_CHECKS, ...ELASTICSEARCH_CHECKS, ...CLOUD_CHECKS, ...VOLUME_CHECKS, ...DASHBOARD_CHECKS, ...BACKEND_CHECKS },
};

import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "@skiff/base";
import { NodeProcessSpawner } from "@skiff/cri";
import { buildElasticsearchImage, elasticsearchObstacle } from "../../../examples/elasticsearch/images.ts";
import { buildHobnobImage } from "../../../examples/hobnob/images.ts";
import { buildBusyboxArchive } from "./images/busybox-image.ts";
import { eventually, type Kubectl, obstacle, run, TestCluster } from "./test-cluster.ts";

const why = obstacle() ?? elasticsearchObstacle();
const examples = fileURLToPath(new URL("../../../examples", import.meta.url));

/** Three servers start on one machine, perhaps a busy one. */
const START_MS = 180_000;

interface Health {
  readonly status: string;
  readonly number_of_data_nodes: number;
}

describe.skipIf(why !== undefined)(`Hobnob on Elasticsearch${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let front: string;

  const curl = async (...args: readonly string[]): Promise<string> => (await run("curl", ["--silent", "--max-time", "10", ...args])).stdout;
  const api = (path: string, ...args: readonly string[]): Promise<string> =>
    curl("--header", "Host: api.hobnob.social", "--header", "Content-Type: application/json", ...args, `http://${front}${path}`);
  const server = async (ordinal: number): Promise<string> =>
    `http://${await kubectl.ok(`get pod elasticsearch-${ordinal} -o jsonpath={.status.podIP}`)}:9200`;
  const untilHealthy = (): Promise<true> =>
    eventually(
      "a healthy cluster of three",
      async () => {
        const health = JSON.parse(await curl(`${await server(0)}/_cluster/health`)) as Health;
        return health.status === "green" && health.number_of_data_nodes === 3;
      },
      START_MS,
    );

  beforeAll(async () => {
    const elasticsearch = await buildElasticsearchImage("6.3.2", new NodeProcessSpawner(systemClock));
    const images = [elasticsearch, await buildHobnobImage(), await buildBusyboxArchive()];
    cluster = await TestCluster.start("e2e-hobnob", ["--nodes", "3"], images);
    kubectl = cluster.kubectl();
    await kubectl.ok(`apply -f ${examples}/elasticsearch/manifests -f ${examples}/hobnob/manifests/backend.yaml`);
    await kubectl.ok(`apply -f ${examples}/hobnob/manifests/ingress.yaml`);
    const address = "-n kube-system get service skiff-ingress -o jsonpath={.status.loadBalancer.ingress[0].ip}";
    front = await eventually("an address", async () => (await kubectl.ok(address)) || undefined);
    await untilHealthy();
    await kubectl.ok("rollout status deployment/backend --timeout=80s");
  }, 600_000);

  afterAll(async () => {
    await cluster?.remove();
  });

  it("forms one cluster of the set's Pods, which are on different nodes", async () => {
    const ids = await Promise.all(
      [0, 1, 2].map(async (ordinal) => (JSON.parse(await curl(await server(ordinal))) as { cluster_uuid: string }).cluster_uuid),
    );
    expect(new Set(ids).size).toBe(1);
    const nodes = await kubectl.ok("get pods -l app=elasticsearch -o jsonpath={.items[*].spec.nodeName}");
    expect(new Set(nodes.split(" ")).size).toBe(3);
  });

  it("keeps what it stored when every Pod has gone", async () => {
    const user = { email: "ada@example.com", digest: `$2a$10$${"a".repeat(53)}`, profile: { summary: "mathematician" } };
    const id = await api("/users", "--data", JSON.stringify(user));
    expect(id).toMatch(/^[\w-]{20}$/);
    const shown = { id, email: user.email, profile: user.profile };
    expect(JSON.parse(await api("/users?query=mathematician"))).toEqual([shown]);
    const copies = `${await server(1)}/_cat/shards/hobnob?h=prirep,state`;
    await untilHealthy();
    const states = (await curl(copies))
      .trim()
      .split("\n")
      .map((line) => line.trim().replace(/\s+/g, " "));
    expect(new Set(states)).toEqual(new Set(["p STARTED", "r STARTED"]));

    await kubectl.ok("delete pods -l app=elasticsearch --wait=true");
    await kubectl.ok("delete pods -l app=backend --wait=false");
    await eventually("the user again", async () => (await api(`/users/${id}`)).includes("mathematician"), START_MS);
    expect(JSON.parse(await api(`/users/${id}`))).toEqual(shown);
  }, 300_000);

  it("shows its documentation by another name", async () => {
    const page = await curl("--header", "Host: docs.hobnob.social", `http://${front}/`);
    expect(page).toContain("<title>Hobnob API</title>");
    expect(
      await curl("--output", "/dev/null", "--write-out", "%{http_code}", "--header", "Host: x.hobnob.social", `http://${front}/`),
    ).toBe("404");
  });
});

import { fileURLToPath } from "node:url";
import { silentLogger, systemClock, systemRandom } from "@skiff/base";
import { Kubectl, kubectls } from "@skiff/e2e";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UpstreamCluster, upstreamObstacle } from "./upstream-cluster.ts";

const [path] = kubectls();
const why = upstreamObstacle() ?? (path === undefined ? "there is no kubectl" : undefined);
const examples = fileURLToPath(new URL("../../../examples", import.meta.url));

/** Manifests of the examples, as arguments of `kubectl apply`, with how many objects they are. */
const MANIFESTS: readonly (readonly [string, number])[] = [
  ["-f nginx/nginx.yaml", 2],
  ["-f wordpress/manifests", 6],
  ["-f gold-price/manifests/rates.yaml -f gold-price/manifests/cron-job.yaml", 4],
  ["-f elasticsearch/manifests", 3],
  ["-f hobnob/manifests/backend.yaml -f hobnob/manifests/ingress.yaml -f hobnob/manifests/load-balancer.yaml", 5],
  ["-k face-recognition/manifests/overlays/any-kubernetes", 31],
  ["-k face-recognition/manifests/overlays/single-node", 31],
  ["-k face-recognition/manifests/overlays/three-nodes", 33],
];

/** What is written for Skiff must be written for Kubernetes. */
describe.skipIf(why !== undefined)(`the examples on upstream's API server${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let upstream: UpstreamCluster;
  let kubectl: Kubectl;

  beforeAll(async () => {
    upstream = await UpstreamCluster.start({ host: { clock: systemClock, random: systemRandom, log: silentLogger } });
    kubectl = new Kubectl(path ?? "", await upstream.adminKubeconfig());
  }, 120_000);

  afterAll(() => upstream?.stop());

  it.each(MANIFESTS)("takes %s, nothing unknown, nothing deprecated", async (files, count) => {
    const namespace = `example-${MANIFESTS.findIndex(([each]) => each === files)}`;
    await kubectl.ok(`create namespace ${namespace}`);
    // Not with --namespace, for some objects have one of their own.
    await kubectl.ok(`config set-context --current --namespace=${namespace}`);
    const { code, stdout, stderr } = await kubectl.try(`apply --validate=strict ${files}`, {
      directory: examples,
    });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(count);
  });
});

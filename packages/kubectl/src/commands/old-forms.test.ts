import { beforeEach, describe, expect, it } from "vitest";
import { MemoryWorld } from "../testing/memory-io.ts";

const CONTROLLER = `apiVersion: v1
kind: ReplicationController
metadata: { name: receiver, labels: { app: receiver } }
spec:
  replicas: 2
  selector: { app: receiver }
  template:
    metadata: { labels: { app: receiver } }
    spec: { containers: [{ name: receiver, image: "receiver:1" }] }
`;

let world: MemoryWorld;
beforeEach(() => {
  world = new MemoryWorld();
});

describe("run, as kubectl before 1.18 had it", () => {
  const made = async (words: string): Promise<string> => {
    const { code, out, err } = await world.run(`run web --image=nginx ${words}`);
    return code === 0 ? out.trim() : err.trim();
  };

  it.each([
    ["", undefined, "pod/web created"],
    ["--replicas=2", undefined, "deployment.apps/web created"],
    ["--generator=deployment/apps.v1", undefined, "deployment.apps/web created"],
    ["--generator=run-pod/v1 --replicas=2", undefined, "pod/web created"],
    ["", "1.10", "deployment.apps/web created"],
    ["--restart=OnFailure", "1.10", "job.batch/web created"],
    ["--restart=Never", "1.10", "pod/web created"],
    ["", "1.36", "pod/web created"],
  ])("%s with version %s", async (words, version, expected) => {
    world.env = version === undefined ? {} : { SKIFF_KUBECTL_VERSION: version };
    expect(await made(words)).toBe(expected);
  });

  it("refuses generators and versions that never were", async () => {
    expect(await made("--generator=deployment/v9")).toContain('generator "deployment/v9" not found');
    world.env = { SKIFF_KUBECTL_VERSION: "ten" };
    expect(await made("")).toContain('SKIFF_KUBECTL_VERSION is "ten"');
  });

  it("makes a Deployment of that many replicas that selects its own Pods", async () => {
    await made("--replicas=3 --port=80");
    const { out } = await world.run(
      "get deployment web -o jsonpath={.spec.replicas}{.spec.selector.matchLabels}{.spec.template.metadata.labels}",
    );
    expect(out).toBe('3{"run":"web"}{"run":"web"}');
  });
});

describe("rolling-update", () => {
  /**
   * Stands for the controllers of the cluster: a ReplicationController has at once as many Pods as it wants, and the garbage
   * collector lets the Pods of a deleted one go at once.
   */
  function keepReplicas(): void {
    const { api } = world;
    world.transport = {
      ...bound(api),
      request: async (request) => {
        const response = await api.request(request.method === "DELETE" ? { ...request, body: undefined } : request);
        const object = response.body as { kind?: string; spec?: { replicas?: number } };
        if (object.kind !== "ReplicationController") return response;
        const replicas = object.spec?.replicas ?? 0;
        return { ...response, body: { ...object, status: { replicas, readyReplicas: replicas } } };
      },
    };
  }

  it("exchanges the Pods one by one and ends with a controller of the old name", async () => {
    world.contents.set("rc.yaml", CONTROLLER);
    await world.run("apply -f rc.yaml");
    keepReplicas();
    const { code, out, err } = await world.run("rolling-update receiver --image=receiver:2 --update-period=1s");
    expect(err).toBe("");
    expect(code).toBe(0);
    const [created, ...steps] = out.trim().split("\n");
    const next = created?.replace("Created ", "") ?? "";
    expect(next).toMatch(/^receiver-[0-9a-f]{8}$/);
    expect(steps).toEqual([
      `Scaling up ${next} from 0 to 2, scaling down receiver from 2 to 0 (keep 2 pods available, don't exceed 3 pods)`,
      `Scaling ${next} up to 1`,
      "Scaling receiver down to 1",
      `Scaling ${next} up to 2`,
      "Scaling receiver down to 0",
      "Update succeeded. Deleting old controller: receiver",
      `Renaming ${next} to receiver`,
      'replicationcontroller "receiver" rolling updated',
    ]);
    expect(await world.run("get replicationcontrollers -o jsonpath={.items[*].metadata.name}")).toEqual({
      code: 0,
      out: "receiver",
      err: "",
    });
    const path = "{.spec.replicas} {.spec.template.spec.containers[0].image}";
    expect((await world.run("get", "replicationcontrollers", "receiver", "-o", `jsonpath=${path}`)).out).toBe("2 receiver:2");
  });

  it("rolls back what is under way, and says so when nothing is", async () => {
    world.contents.set("rc.yaml", CONTROLLER);
    await world.run("apply -f rc.yaml");
    keepReplicas();
    expect((await world.run("rolling-update receiver --rollback")).err).toContain("no update of receiver is in progress");
    world.contents.set(
      "next.yaml",
      CONTROLLER.replaceAll("receiver", "next").replace(
        "labels: { app: next } }",
        'labels: { app: next }, annotations: { "kubectl.kubernetes.io/update-source-id": receiver, "kubectl.kubernetes.io/desired-replicas": "2" } }',
      ),
    );
    await world.run("apply -f next.yaml");
    const { out } = await world.run("rolling-update receiver --rollback --update-period=1s");
    expect(out).toContain("Rollback succeeded. Deleting old controller: next");
    expect(await world.run("get replicationcontrollers -o jsonpath={.items[*].metadata.name}")).toEqual({
      code: 0,
      out: "receiver",
      err: "",
    });
  });

  it("names what is missing", async () => {
    expect((await world.run("rolling-update")).err).toContain("Must specify the controller to update");
    expect((await world.run("rolling-update receiver --image=a:1")).err).toContain('replicationcontrollers "receiver" not found');
  });
});

/** The methods of `api` as own properties. */
function bound(api: MemoryWorld["api"]): MemoryWorld["transport"] {
  return {
    request: (request) => api.request(request),
    watch: (request, onEvents) => api.watch(request, onEvents),
    stream: () => api.stream(),
  };
}

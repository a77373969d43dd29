import { expecting, expectingWithin, inCluster, prints, ready, says } from "../../expectations.ts";
import { must, SILENT } from "../../outcome.ts";
import type { StepCheck } from "../../seed-plan.ts";
import { idIn, outcomeOf, post, sql } from "./application.ts";

/** Steps of the whole article about what the application does. */
export const APPLICATION: Readonly<Record<string, StepCheck>> = {
  "s001-001": expecting(prints(/got path: \{Path:\/unknown_images\/unknown0001\.jpg\}/, /image saved with id: \d+/, "image sent to nsq")),
  "s001-002": {
    withinMs: 90_000,
    async perform(world) {
      const known = await outcomeOf(world, idIn(await post(world, { path: "/unknown_people/unknown219.jpg" })));
      must(known.status === "1" && known.person === "Hannibal", `a known face became ${JSON.stringify(known)}`);
      return SILENT;
    },
    ...expecting(),
  },
  "s001-003": {
    withinMs: 240_000,
    async perform(world) {
      await world.ok("kubectl scale deployment face-recog --replicas=0");
      await world.ok("kubectl wait --for=delete pod -l app=face-recog --timeout=60s");
      const ids: string[] = [];
      for (let count = 0; count < 6; count++) ids.push(idIn(await post(world, { path: "/unknown_people/unknown220.jpg" })));
      await world.eventually(
        "the breaker opens",
        async () => /open/i.test(await world.ok("kubectl logs deployment/image-processor-deployment --tail=200")),
        120_000,
      );
      await world.ok("kubectl scale deployment face-recog --replicas=1");
      await world.ok("kubectl rollout status deployment face-recog --timeout=90s");
      await world.eventually(
        "the breaker closes",
        async () => /clos/i.test(await world.ok("kubectl logs deployment/image-processor-deployment --tail=200")),
        120_000,
      );
      const after = await outcomeOf(world, idIn(await post(world, { path: "/unknown_people/unknown220.jpg" })), 120_000);
      must(after.person === "Hannibal", "calls do not go through again");
      return SILENT;
    },
    ...expecting(),
  },
  "s001-004": expecting(
    inCluster("the tables differ", async (world) => {
      const people = await sql(world, "SELECT id, name FROM person ORDER BY id");
      const pictures = await sql(world, "SELECT id, image_name, person_id FROM person_images ORDER BY id LIMIT 2");
      return people === "1\tGergely\n2\tJohn Doe\n3\tHannibal" && pictures === "1\thannibal_1.jpg\t3\n2\thannibal_2.jpg\t3";
    }),
  ),
  "s001-005": {
    async perform(world, { text }) {
      return { code: 0, stderr: "", stdout: await sql(world, text) };
    },
    ...expecting(prints("Hannibal\t3")),
  },
  "s001-006": expecting(
    inCluster("nsqlookupd does not know nsqd as the producer of topic images", async (world) => {
      const answer = await world.ok("kubectl exec deployment/nsqlookup -- wget -qO- 'http://127.0.0.1:4161/lookup?topic=images'");
      return answer.includes("nsqd.default.svc.cluster.local");
    }),
  ),
  "s001-007": expecting(
    inCluster("the processor does not take its addresses from the environment", async (world) =>
      (
        await world.ok("kubectl get deployment image-processor-deployment -o jsonpath='{.spec.template.spec.containers[0].env[*].name}'")
      ).includes("GRPC_ADDRESS"),
    ),
  ),
  "s001-018": expecting(
    inCluster("nsqlookupd does not announce the Service's name", async (world) =>
      (await world.ok("kubectl exec deployment/nsqlookup -- wget -qO- http://127.0.0.1:4161/nodes")).includes(
        '"broadcast_address":"nsqd.default.svc.cluster.local"',
      ),
    ),
  ),
  "s001-031": {
    perform: () => Promise.resolve(SILENT),
    ...expecting(async (_outcome, _world, { text }) => {
      const { readFile } = await import("node:fs/promises");
      const file = new URL("../../../../../examples/face-recognition/face-recognition/Dockerfile", import.meta.url);
      const folders = [...text.matchAll(/"(\/\w+)"/g)].map(([, folder]) => folder ?? "");
      const volume = /^VOLUME .*$/m.exec(await readFile(file, "utf8"))?.[0] ?? "";
      must(folders.length > 0 && folders.every((folder) => volume.includes(folder)), `the image declares ${volume}`);
    }),
  },
  "s001-035": expecting(prints(/saved with id: \d+/), async ({ stdout }, world) => {
    must((await outcomeOf(world, idIn(stdout))).person === "Hannibal", "the picture was not recognised");
  }),
  "s001-036": expecting(prints("got path: {Path:/unknown_people/unknown219.jpg}", /image saved with id: \d+/, "image sent to nsq")),
  "s001-037": expecting(async (_outcome, world) => {
    const log = await world.ok("kubectl logs deployment/image-processor-deployment");
    const story = ["nsqlookupd", "Got a message", "Processing image", "Hannibal", "done"];
    await prints(...story)({ code: 0, stdout: log, stderr: "" }, world, world.steps[0]!);
  }),
  "s001-039": expecting(
    inCluster("not all of the application is there", async (world) => {
      const names = await world.ok("kubectl get deployments -o jsonpath='{.items[*].metadata.name}'");
      return ["mysql", "nsqlookup", "receiver-deployment", "image-processor-deployment", "face-recog", "frontend"].every((name) =>
        names.split(" ").includes(name),
      );
    }),
  ),
  "s001-041": expectingWithin(
    90_000,
    says("created", "service/frontend", "deployment/frontend"),
    ready("deployment frontend", 1),
    async (_outcome, world) => {
      const page = await world.ok(`curl -sS -m 10 http://${await world.nodePort("frontend")}/`);
      must(/<table/.test(page), "the page has no table");
    },
  ),
  "s001-044": {
    async perform(world) {
      must(
        /got error while decoding body/.test(
          await world.ok(`curl -sS -d 'no json' http://${await world.nodePort("receiver-service")}/image/post`),
        ),
        "bad JSON is not answered as stated",
      );
      return SILENT;
    },
    ...expecting(),
  },
  "s001-045": expecting(prints(/got path: \{Path:unknown4456\.jpg\}/, /image saved with id: \d+/)),
  "s001-046": {
    async perform(world, { text }) {
      const url = `http://${await world.nodePort("receiver-service")}`;
      return world.workspace.run(`${text.replace("http://127.0.0.1:8000", url)} -w '\\n%{http_code}'`);
    },
    ...expecting(prints(/^404$/m)),
  },
};

import { createHash } from "node:crypto";
import { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { MemoryWorld } from "../testing/memory-io.ts";

const frame = (channel: number, text: string): Buffer => {
  const body = Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
  return Buffer.concat([Buffer.from([0x82, body.length]), body]);
};

const STATUS = JSON.stringify({ status: "Failure", details: { causes: [{ reason: "ExitCode", message: "3" }] } });

it("runs a command over a WebSocket and ends with its exit code", async () => {
  const world = new MemoryWorld();
  world.contents.set("pod.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}");
  await world.run("apply -f pod.yaml");
  const paths: string[] = [];
  const { api } = world;
  world.transport = {
    request: (request) => api.request(request),
    watch: (request, onEvents) => api.watch(request, onEvents),
    stream: () => api.stream(),
    openUpgrade: ({ path, query, headers }) => {
      paths.push(`${path}?command=${JSON.stringify(query?.command)}&container=${String(query?.container)}`);
      const key = `${headers?.["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const stream = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
      // The frames arrive cut in the wrong places.
      const bytes = Buffer.concat([frame(1, "out\n"), frame(2, "err\n"), frame(3, STATUS).subarray(0, 5)]);
      stream.push(bytes.subarray(0, 3));
      stream.push(bytes.subarray(3));
      stream.push(frame(3, STATUS).subarray(5));
      stream.push(Buffer.from([0x88, 2, 0x03, 0xe8]));
      const accept = createHash("sha1").update(key).digest("base64");
      return Promise.resolve({ stream, headers: { "sec-websocket-accept": accept, "sec-websocket-protocol": "v5.channel.k8s.io" } });
    },
  };
  const outcome = await world.run("exec", "p", "--", "ls", "-l");
  expect(outcome).toEqual({ code: 3, out: "out\n", err: "err\ncommand terminated with exit code 3\n" });
  expect(paths).toEqual(['/api/v1/namespaces/default/pods/p/exec?command=["ls","-l"]&container=c']);
});

import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Registry } from "prom-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SILENT_LOG } from "#shared/log.ts";
import { bundleService } from "../../bundle.ts";
import { GrpcFaceClient } from "#image-processor/face-client.ts";
import { UNKNOWN, writeSamples } from "../../samples.ts";
import { EnginePool } from "./engine-pool.ts";
import { Gallery } from "./gallery.ts";
import { Recogniser } from "./recogniser.ts";
import { FaceServer } from "./server.ts";

const TWO_MINUTES_MS = 120_000;

describe("face recognition with its real networks", { timeout: TWO_MINUTES_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), "faces-"));
  const [known, unknown] = [join(folder, "known"), join(folder, "unknown")];
  // Below the package, so that the program finds the packages that are not bundled.
  const app = fileURLToPath(new URL("../../dist/test-face-recognition", import.meta.url));
  let described: string[] = [];
  let pool: EnginePool;
  let gallery: Gallery;
  let server: FaceServer;
  let client: GrpcFaceClient;
  let ready = true;

  beforeAll(async () => {
    await bundleService("face-recognition", app);
    await writeSamples(known, unknown);
    const files = { models: join(app, "models"), wasm: join(app, "wasm") };
    pool = await EnginePool.start({ program: join(app, "engine-worker.js"), files, workers: 2, queueLimit: 64 });
    const noted = (file: string): ReturnType<EnginePool["describe"]> => {
      described.push(file.split("/").at(-1) ?? "");
      return pool.describe(file);
    };
    gallery = new Gallery(known, noted, SILENT_LOG);
    await gallery.refresh();
    const recogniser = new Recogniser({
      folder: unknown,
      describe: (file) => pool.describe(file),
      known: () => gallery.faces(),
      tolerance: 0.5,
    });
    server = new FaceServer({
      identify: (path, signal) => recogniser.identify(path, signal),
      ready: () => ready,
      log: SILENT_LOG,
      registry: new Registry(),
    });
    client = new GrpcFaceClient(`127.0.0.1:${await server.listen(0, "127.0.0.1")}`, TWO_MINUTES_MS);
  }, TWO_MINUTES_MS);
  afterAll(async () => {
    client?.close();
    await server?.close();
    await pool?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("gives every sample its answer, all asked at one time", async () => {
    const answers = await Promise.all(
      UNKNOWN.map(({ name }) =>
        client.identify(join(unknown, name)).then(
          ({ imageName, outcome, distance }) => ({ imageName, outcome, near: distance < 0.5 }),
          (error: { reason?: string }) => ({ refused: error.reason }),
        ),
      ),
    );
    const matched = (imageName: unknown): object => ({ imageName, outcome: "MATCHED", near: true });
    const other = (outcome: string): object => ({ imageName: "", outcome, near: true });
    expect(answers).toEqual([
      matched(expect.stringMatching(/^hannibal_/)),
      matched("gergely_1.jpg"),
      matched("john_doe.jpg"),
      matched("hannibal_1.jpg"),
      other("UNKNOWN_PERSON"),
      other("SEVERAL_FACES"),
      other("NO_FACE"),
      { refused: "BROKEN_IMAGE" },
    ]);
  });

  it("takes paths that are relative to the folder, and none that lead out of it", async () => {
    expect(await client.identify("unknown0002.jpg")).toMatchObject({ imageName: "gergely_1.jpg" });
    symlinkSync(join(known, "gergely_1.jpg"), join(unknown, "link.jpg"));
    for (const path of ["../known/gergely_1.jpg", "/etc/passwd", "link.jpg", "", unknown]) {
      await expect(client.identify(path), path).rejects.toMatchObject({ reason: "BAD_PATH" });
    }
    for (const path of ["none.jpg", `${"x".repeat(300)}.jpg`, "unknown0001.jpg/x"]) {
      await expect(client.identify(path), path).rejects.toMatchObject({ reason: "MISSING_IMAGE" });
    }
    writeFileSync(join(unknown, "text.jpg"), "no picture at all");
    await expect(client.identify("text.jpg")).rejects.toMatchObject({ reason: "BROKEN_IMAGE" });
  });

  it("describes each known file once, and notices new, changed and removed ones", async () => {
    expect(described.sort()).toEqual(["gergely_1.jpg", "hannibal_1.jpg", "hannibal_2.jpg", "john_doe.jpg"]);
    described = [];
    await gallery.refresh();
    expect(described).toEqual([]);
    cpSync(join(unknown, "unknown0005.jpg"), join(known, "stranger.PNG"));
    writeFileSync(join(known, "readme.txt"), "not a picture");
    writeFileSync(join(known, "broken.jpg"), "not a picture");
    await Promise.all([gallery.refresh(), gallery.refresh()]);
    expect(described.sort()).toEqual(["broken.jpg", "stranger.PNG"]);
    expect(await client.identify("unknown0005.jpg")).toMatchObject({ imageName: "stranger.PNG", outcome: "MATCHED" });
    rmSync(join(known, "stranger.PNG"));
    await gallery.refresh();
    expect(await client.identify("unknown0005.jpg")).toMatchObject({ outcome: "UNKNOWN_PERSON" });
  });

  it("says whether it can serve", async () => {
    await client.ping();
    ready = false;
    await expect(client.ping()).rejects.toThrow("NOT_SERVING");
  });
});

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { seededRandom, systemClock } from "@skiff/base";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LmdbStore } from "./lmdb-store.ts";
import { WatchRecorder } from "./watch-recorder.ts";

const ROUNDS = 4;
/** Numbers of different rounds never meet. */
const ROUND_STEP = 1_000_000;

interface Acknowledged {
  readonly writer: number;
  readonly n: number;
  readonly revision: number;
}

describe("the LMDB store, when its process is killed in the middle of writes", () => {
  const directory = mkdtempSync(join(tmpdir(), "skiff-crash-"));
  const script = join(directory, "writer.mjs");
  beforeAll(async () => {
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    // The bundle looks for lmdb, which cannot be bundled, beside itself.
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    await build({
      entryPoints: [fileURLToPath(new URL("lmdb-crash-writer.fixture.ts", import.meta.url))],
      outfile: script,
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["lmdb"],
      logLevel: "silent",
    });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs the writer, kills it `delayMs` after its first acknowledgement, and answers what was acknowledged. */
  async function writeAndKill(round: number, delayMs: number): Promise<{ opened: number; acknowledged: Acknowledged[] }> {
    const child = spawn(process.execPath, [script, directory, String(round * ROUND_STEP)], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      // The random moment counts from the first write, not from the start of the process.
      if (!output.includes("writer") && (output + text).includes("writer")) {
        systemClock.setTimeout(() => child.kill("SIGKILL"), delayMs);
      }
      output += text;
    });
    const signal = await new Promise((resolve) => child.once("close", (_code, by) => resolve(by)));
    expect(signal).toBe("SIGKILL");
    // The kill may have cut the last line.
    const lines = output.slice(0, output.lastIndexOf("\n")).split("\n");
    const [first, ...acknowledged] = lines.map((line) => JSON.parse(line) as Acknowledged & { opened: number });
    return { opened: first?.opened ?? 0, acknowledged };
  }

  it("has everything that it acknowledged, and of the rest all of a transaction or nothing", async () => {
    const random = seededRandom(7);
    let newest = 1;
    let total = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const { opened, acknowledged } = await writeAndKill(round, 20 + random.next() * 130);
      // What a crash left unacknowledged may have happened; what was acknowledged has, and its revision is never used again.
      expect(opened).toBeGreaterThanOrEqual(newest);
      const revisions = acknowledged.map(({ revision }) => revision);
      expect(new Set(revisions).size).toBe(revisions.length);
      expect(Math.min(...revisions)).toBeGreaterThan(opened);
      newest = Math.max(opened, ...revisions);
      total += acknowledged.length;

      const store = await LmdbStore.open({ directory, clock: systemClock });
      const current = await store.currentRevision();
      expect(current).toBeGreaterThanOrEqual(newest);
      const history = new WatchRecorder(store, { key: "/", end: "0", startRevision: 2 });
      const events = await history.upTo(current);
      // Every revision up to the newest is there: none was skipped, none came twice.
      expect(history.batches.at(-1)!.revision).toBe(current);
      expect([...new Set(events.map(({ kv }) => kv.modRevision))]).toEqual(Array.from({ length: current - 1 }, (_, index) => index + 2));
      const puts = new Map(events.filter(({ type }) => type === "put").map(({ kv }) => [`${kv.key}@${kv.modRevision}`, kv.value]));
      for (const { writer, n, revision } of acknowledged) {
        const value = puts.get(`/${writer}/${n}@${revision}`);
        expect(Buffer.from(value ?? []).toString(), `/${writer}/${n} was acknowledged at ${revision}`).toMatch(new RegExp(`^${n}:`));
        expect(puts.get(`/${writer}/last@${revision}`)).toEqual(value);
      }
      for (let writer = 0; writer < 8; writer++) await checkWriter(store, writer, round * ROUND_STEP, acknowledged);
      await store.close();
    }
    // Otherwise the kills came before the writes, and nothing was tested.
    expect(total).toBeGreaterThan(ROUNDS * 8);
  });

  /** The keys that `writer` left in this round are those after its last transaction that happened, and only one more than it knows of can have. */
  async function checkWriter(store: LmdbStore, writer: number, first: number, acknowledged: readonly Acknowledged[]): Promise<void> {
    const { kvs } = await store.range({ key: `/${writer}/`, end: `/${writer}0` });
    const byName = new Map(kvs.map((kv) => [kv.key.slice(`/${writer}/`.length), kv]));
    const last = byName.get("last");
    const lastN = last === undefined ? -1 : Number.parseInt(Buffer.from(last.value).toString(), 10);
    const known = acknowledged.filter((one) => one.writer === writer).map(({ n }) => n);
    if (known.length > 0) expect([Math.max(...known), Math.max(...known) + 1]).toContain(lastN);
    if (lastN < first) return;
    const here = [...byName.keys()].map(Number).filter((n) => n >= first);
    const expected = [lastN - 2, lastN - 1, lastN].filter((n) => n >= first);
    expect(here.toSorted((left, right) => left - right)).toEqual(expected);
    expect(byName.get(String(lastN))!.modRevision).toBe(last!.modRevision);
  }
});

/**
 * Writes to the LMDB store in the directory named on the command line until it is killed, and says on its standard
 * output what the store has acknowledged: one line of JSON each, written at once.
 *
 * Every transaction of writer W puts `/W/n` and `/W/last`, both with the value `n:…`, and deletes `/W/(n-3)`, under the
 * condition that `/W/last` is still the one that it wrote before.
 */
import { writeSync } from "node:fs";
import { systemClock } from "@skiff/base";
import { LmdbStore } from "./lmdb-store.ts";

const WRITERS = 8;
const [directory = "", first = "0"] = process.argv.slice(2);
const store = await LmdbStore.open({ directory, clock: systemClock });
writeSync(1, `${JSON.stringify({ opened: await store.currentRevision() })}\n`);

async function write(writer: number): Promise<never> {
  let { kvs } = await store.range({ key: `/${writer}/last` });
  for (let n = Number(first); ; n++) {
    const value = Buffer.from(`${n}:${"x".repeat((n * 37) % 900)}`);
    const { succeeded, revision } = await store.txn({
      compare: [{ key: `/${writer}/last`, target: "modRevision", result: "equal", value: kvs[0]?.modRevision ?? 0 }],
      success: [
        { type: "put", key: `/${writer}/${n}`, value },
        { type: "put", key: `/${writer}/last`, value },
        { type: "delete", key: `/${writer}/${n - 3}` },
      ],
    });
    if (!succeeded) throw new Error("the store contradicts itself");
    writeSync(1, `${JSON.stringify({ writer, n, revision })}\n`);
    ({ kvs } = await store.range({ key: `/${writer}/last` }));
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));

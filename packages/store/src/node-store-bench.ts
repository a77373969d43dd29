/**
 * Measures all stores beside each other, etcd where it has been built:
 *
 *     npx tsx packages/store/src/node-store-bench.ts [directory for the data]
 *
 * Prints a line of JSON for each figure and a table of them all. The directory should be on the disk that is to be
 * measured; without one, the system's directory for temporary files is used, which may be in memory.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@skiff/base";
import { LmdbStore } from "./lmdb-store.ts";
import { MemoryStore } from "./memory-store.ts";
import { EtcdProcess, etcdBinary } from "./node-etcd-process.ts";
import { benchmarkStore, benchTable, FULL_SCALE, type StoreBenchResult } from "./store.bench.ts";
import type { Store } from "./store.ts";

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), "skiff-bench-"));
const results: StoreBenchResult[] = [];

async function measure(name: string, store: Store): Promise<void> {
  for await (const result of benchmarkStore(name, store, systemClock, FULL_SCALE)) {
    console.log(JSON.stringify(result));
    results.push(result);
  }
  await store.close();
}

try {
  await measure("memory", new MemoryStore());
  await measure("lmdb", await LmdbStore.open({ directory, clock: systemClock }));
  const binary = etcdBinary();
  if (binary !== undefined) {
    const etcd = await EtcdProcess.start(binary, { directory: join(directory, "etcd") });
    try {
      await measure("etcd", await etcd.open());
    } finally {
      await etcd.remove();
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
console.log(benchTable(results));

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@skiff/base";
import { expect, it } from "vitest";
import { LmdbStore } from "./lmdb-store.ts";
import { StoreUnavailableError } from "./store.ts";

it("refuses writes while the disk is full, reads on, and writes again when there is space", async () => {
  const directory = mkdtempSync(join(tmpdir(), "skiff-full-"));
  let freeBytes = 2 ** 30;
  const store = await LmdbStore.open({ directory, clock: systemClock, freeBytes: () => freeBytes });
  const put = (key: string, bytes: number): Promise<unknown> =>
    store.txn({ compare: [], success: [{ type: "put", key, value: new Uint8Array(bytes) }] });
  await put("/before", 10);

  freeBytes = 5 * 1024 * 1024;
  await put("/small", 1000);
  await expect(put("/large", 1_000_000)).rejects.toThrow(StoreUnavailableError);
  freeBytes = 0;
  await expect(put("/small", 1000)).rejects.toThrow("cannot write to the store: the disk is full");
  expect((await store.range({ key: "/", end: "0", keysOnly: true })).kvs.map(({ key }) => key)).toEqual(["/before", "/small"]);

  freeBytes = 2 ** 30;
  await put("/large", 1_000_000);
  await store.close();
  const again = await LmdbStore.open({ directory, clock: systemClock });
  expect((await again.range({ key: "/", end: "0", countOnly: true })).count).toBe(3);
  await again.close();
  rmSync(directory, { recursive: true });
});

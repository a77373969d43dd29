import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@skiff/base";
import { afterAll } from "vitest";
import { LmdbStore } from "./lmdb-store.ts";
import { storeContract } from "./store.contract.ts";

const directory = mkdtempSync(join(tmpdir(), "skiff-store-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

storeContract("the LMDB store", { open: () => LmdbStore.open({ directory, clock: systemClock }), runs: 50 });

import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@skiff/base";
import { open as openLmdb, type Database } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeState, EMPTY_STATE } from "./lmdb-state.ts";
import { LmdbStore } from "./lmdb-store.ts";
import { CorruptRecordError, StoreFormatError } from "./store.ts";

describe("a file that the LMDB store cannot trust", () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "skiff-damage-"));
    file = join(directory, "store.lmdb");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const open = (): Promise<LmdbStore> => LmdbStore.open({ directory, clock: systemClock });
  const refusal = async (): Promise<Error> => {
    const opened = await open().catch((error: unknown) => error as Error);
    if (!(opened instanceof LmdbStore)) return opened;
    await opened.close();
    throw new Error("the store was opened");
  };
  /** A store with `keys` keys, closed again. */
  const filled = async (keys: number): Promise<void> => {
    const store = await open();
    const put = (index: number): Promise<unknown> => {
      const value = Buffer.from(`the value of ${index} ${"x".repeat(500)}`);
      return store.txn({ compare: [], success: [{ type: "put", key: `/key-${index}`, value }] });
    };
    await Promise.all(Array.from({ length: keys }, (_, index) => put(index)));
    await store.close();
  };
  /** Changes the bytes of `text` wherever they are in the file: LMDB may keep older copies of a page. */
  const damage = (text: string): void => {
    const bytes = readFileSync(file);
    let found = 0;
    for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1), found++) bytes[at + text.length - 1]! ^= 1;
    expect(found).toBeGreaterThan(0);
    writeFileSync(file, bytes);
  };
  /** Opens the file as its own database would, behind the store's back. */
  const edit = async (name: string, change: (database: Database<Buffer, string | Buffer>) => Promise<unknown>): Promise<void> => {
    mkdirSync(directory, { recursive: true });
    const root = openLmdb({ path: file, noSubdir: true, maxDbs: 4 });
    const keyEncoding = name === "log" ? "binary" : "ordered-binary";
    await change(root.openDB<Buffer, string | Buffer>({ name, encoding: "binary", keyEncoding, useVersions: name === "state" }));
    await root.close();
  };

  it("says that a file of another kind is not a store", async () => {
    writeFileSync(file, "these are my notes\n".repeat(2000));
    const error = await refusal();
    expect(error).toBeInstanceOf(StoreFormatError);
    expect(error.message).toMatch(/store\.lmdb is not a Skiff store; move it away or choose another data directory/);
  });

  it("leaves an LMDB file of another program alone", async () => {
    await edit("users", (users) => users.put("ann", Buffer.from("1")));
    const before = readFileSync(file);
    const error = await refusal();
    expect(error).toBeInstanceOf(StoreFormatError);
    expect(error.message).toMatch(/not a Skiff store/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it("names both versions when the format is newer than it knows", async () => {
    await filled(1);
    const json = JSON.stringify({ format: "skiff-store", formatVersion: 2, ...EMPTY_STATE });
    const { crc32 } = await import("node:zlib");
    const bytes = Buffer.from(`${crc32(json).toString(16).padStart(8, "0")} ${json}`);
    await edit("state", (state) => state.put("state", bytes, 100));
    const error = await refusal();
    expect(error).toBeInstanceOf(StoreFormatError);
    expect(error.message).toMatch(/format version 2 and this version of Skiff knows 1; run the version of Skiff that wrote it/);
  });

  it("says that the state record is damaged", async () => {
    await filled(1);
    const bytes = encodeState(EMPTY_STATE);
    bytes[20]! ^= 1;
    await edit("state", (state) => state.put("state", bytes, 100));
    const error = await refusal();
    expect(error).toBeInstanceOf(CorruptRecordError);
    expect(error.message).toMatch(/state of the store has a wrong checksum; restore a backup/);
  });

  it("refuses to open when the name of a record is damaged", async () => {
    await filled(20);
    damage("/key-7");
    const error = await refusal();
    expect(error).toBeInstanceOf(CorruptRecordError);
    expect(error.message).toMatch(/record of revision 9 .* has a wrong checksum: the disk or the file system has damaged the store/);
  });

  it("opens when a value is damaged, fails to read that one and reads the others", async () => {
    await filled(20);
    damage("the value of 7 ");
    const store = await open();
    const error = await store.range({ key: "/key-7" }).catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(CorruptRecordError);
    expect((error as Error).message).toMatch(/key \/key-7 has a value with a wrong checksum/);
    await expect(store.range({ key: "/", end: "0" })).rejects.toBeInstanceOf(CorruptRecordError);
    expect((await store.range({ key: "/key-8" })).kvs).toHaveLength(1);
    await store.close();
  });

  it("refuses to open when records are missing", async () => {
    await filled(3);
    await edit("log", async (log) => {
      const [first] = log.getKeys({ limit: 1 });
      await log.remove(Buffer.from(first!));
    });
    const error = await refusal();
    expect(error).toBeInstanceOf(CorruptRecordError);
    expect(error.message).toMatch(/log has 2 records and should have 3; restore a backup/);
  });

  it.each([100, 5_000, 3 * 4096, 100_000])(
    "says that a file was cut short to %i bytes, rather than to crash on what is missing",
    async (size) => {
      await filled(300);
      truncateSync(file, size);
      const error = await refusal();
      expect(error).toBeInstanceOf(CorruptRecordError);
      expect(error.message).toMatch(/restore a backup/);
    },
  );
});

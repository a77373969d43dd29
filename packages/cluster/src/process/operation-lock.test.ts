import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sleep, systemClock } from "@skiff/base";
import { withOperationLock } from "./operation-lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "skiff-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.skipIf(process.platform !== "linux")("lets one after the other work, says that it waits, and leaves nothing", async () => {
  const file = join(folder, "deep", "test.lock");
  let atWork = 0;
  let most = 0;
  let waits = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++atWork);
    await sleep(systemClock, 5);
    atWork--;
  };
  await Promise.all(Array.from({ length: 6 }, () => withOperationLock(file, () => waits++, work)));
  expect(most).toBe(1);
  expect(waits).toBeGreaterThan(0);
  expect(existsSync(file)).toBe(false);
});

it("lets go when the work fails", async () => {
  const file = join(folder, "test.lock");
  const never = (): never => {
    throw new Error("had to wait");
  };
  await expect(withOperationLock(file, never, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(await withOperationLock(file, never, () => Promise.resolve(1))).toBe(1);
});

import { appendFileSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { testHost } from "@skiff/base/testing";
import { LogRotation } from "./log-rotation.ts";

let directory = "";
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "skiff-log-"))));
afterEach(() => rmSync(directory, { recursive: true }));

const read = (name: string): string => readFileSync(join(directory, name), "utf8");

it("puts a log that is too large aside while its writer goes on, and keeps a few old ones", async () => {
  const host = testHost();
  const writer = openSync(join(directory, "server.log"), "a");
  const rotation = new LogRotation({ host, logFile: join(directory, "server.log"), maxBytes: 100 }).start();
  for (const letter of "abcd") {
    writeSync(writer, `${letter.repeat(120)}\n`);
    await host.clock.advance("10s");
    writeSync(writer, `${letter}\n`);
  }
  expect(read("server.log")).toBe("d\n");
  expect(read("server.log.1")).toBe(`c\n${"d".repeat(120)}\n`);
  expect(read("server.log.2")).toBe(`b\n${"c".repeat(120)}\n`);
  expect(() => read("server.log.3")).toThrow("ENOENT");
  await host.clock.advance("1h");
  expect(read("server.log")).toBe("d\n");
  rotation.stop();
  writeSync(writer, "d".repeat(120));
  await host.clock.advance("1h");
  expect(read("server.log")).toHaveLength(122);
  closeSync(writer);
});

it("waits for a log that is not there yet, and goes on when it was put away by somebody else", async () => {
  const host = testHost();
  const logFile = join(directory, "containerd.log");
  const rotation = new LogRotation({ host, logFile, maxBytes: 5 }).start();
  await host.clock.advance("1m");
  writeFileSync(logFile, "first one\n");
  await host.clock.advance("10s");
  expect([read("containerd.log"), read("containerd.log.1")]).toEqual(["", "first one\n"]);
  rmSync(logFile);
  appendFileSync(logFile, "second one\n");
  await host.clock.advance("10s");
  expect([read("containerd.log"), read("containerd.log.1")]).toEqual(["", "second one\n"]);
  rotation.stop();
});

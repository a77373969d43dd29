import { appendFileSync, copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LogReader } from "./log-reader.ts";

let file = "";
let printed = "";
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), "skiff-logs-")), "server.log");
  printed = "";
});
afterEach(() => rmSync(join(file, ".."), { recursive: true }));

const reader = (): LogReader => new LogReader(file, (text) => (printed += text));

function putAside(): void {
  copyFileSync(file, `${file}.1`);
  truncateSync(file, 0);
}

it("follows a log over its being put aside, without a gap and without a line twice", () => {
  writeFileSync(file, "one\ntwo\n");
  const follower = reader();
  follower.tail(1);
  appendFileSync(file, "three\n");
  follower.added();
  appendFileSync(file, "four\n");
  putAside();
  follower.added();
  appendFileSync(file, "five\n");
  follower.added();
  expect(printed).toBe("two\nthree\nfour\nfive\n");
});

it("takes last lines from the log that was put aside when the new one is short", () => {
  writeFileSync(file, "one\ntwo\nthree\n");
  putAside();
  appendFileSync(file, "four\n");
  reader().tail(2);
  expect(printed).toBe("three\nfour\n");
  reader().tail(1);
  expect(printed).toBe("three\nfour\nfour\n");
});

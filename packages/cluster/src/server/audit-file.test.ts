import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AuditEvent, AuditRecord } from "@skiff/apiserver";
import { testHost } from "@skiff/base/testing";
import { AuditFile, type AuditFileOptions } from "./audit-file.ts";

let directory = "";
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "skiff-audit-"))));
afterEach(() => rmSync(directory, { recursive: true }));

const record = (auditId: string): AuditRecord => ({
  request: { method: "DELETE", path: `/api/v1/namespaces/default/pods/${auditId}`, query: { toString: () => "" } as never, headers: {} },
  auditId,
  route: undefined,
  user: { name: "jane", groups: [] },
  impersonated: undefined,
  decision: "allow",
  code: 200,
  status: undefined,
  isLongRunning: false,
  receivedMs: 0,
  finishedMs: 1,
});

function start(options: Partial<AuditFileOptions> = {}): { log: AuditFile; host: ReturnType<typeof testHost>; warnings: unknown[] } {
  const host = testHost();
  const warnings: unknown[] = [];
  const log = { ...host.log, warn: (_message: string, details?: unknown) => void warnings.push(details), error: () => {} };
  return { log: new AuditFile({ host: { ...host, log }, directory: join(directory, "audit"), ...options }), host, warnings };
}

const lines = (name = "audit.log"): AuditEvent[] =>
  readFileSync(join(directory, "audit", name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditEvent);

it("writes lines within a second, in order, for nobody else to read, and goes on with the file that is there", async () => {
  const { log, host } = start();
  for (let index = 0; index < 1200; index++) log.write(record(String(index)));
  await host.clock.advance("1s");
  await host.clock.settle();
  expect(lines().map(({ auditID }) => auditID)).toEqual(Array.from({ length: 1200 }, (_, index) => String(index)));
  expect(statSync(join(directory, "audit")).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, "audit", "audit.log")).mode & 0o777).toBe(0o600);
  log.close();
  const next = start().log;
  next.write(record("next"));
  next.close();
  expect(lines()).toHaveLength(1201);
});

it("puts full files aside and keeps a few of them", async () => {
  const { log, host } = start({ maxBytes: 1000, maxFiles: 2 });
  for (let index = 0; index < 20; index++) {
    log.write(record(String(index)));
    await host.clock.advance("1s");
  }
  log.close();
  expect(
    readdirSync(join(directory, "audit"))
      .filter((name) => name.startsWith("audit.log."))
      .sort(),
  ).toEqual(["audit.log.1", "audit.log.2"]);
  const last = lines("audit.log.1").at(-1)?.auditID;
  expect(Number(last)).toBeGreaterThan(Number(lines("audit.log.2").at(-1)?.auditID));
});

it("drops what is too much or cannot be written, says how much that was, and goes on when it can", async () => {
  const { log, host, warnings } = start({ maxWaiting: 3, directory: join(directory, "file", "audit") });
  const { writeFileSync } = await import("node:fs");
  writeFileSync(join(directory, "file"), "");
  for (let index = 0; index < 5; index++) log.write(record(String(index)));
  await host.clock.advance("1s");
  expect(warnings).toEqual([{ count: 5 }]);
  rmSync(join(directory, "file"));
  log.write(record("later"));
  log.close();
  expect(readFileSync(join(directory, "file", "audit", "audit.log"), "utf8")).toContain('"auditID":"later"');
});

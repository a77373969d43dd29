import { writeFileSync } from "node:fs";
import { createLogger, systemClock, systemRandom, formatLogEntry } from "@skiff/base";
import { startHttpsTestServer } from "./src/testing/https-test-server.ts";
const t0 = performance.now();
const server = await startHttpsTestServer({ clock: systemClock, random: systemRandom, log: createLogger(systemClock, (e) => console.log(formatLogEntry(e)), "debug") });
writeFileSync("/work/tmp/kc-b.json", server.kubeconfig());
writeFileSync("/work/tmp/kc-b-jane.json", server.kubeconfig("jane", ["dev"]));
console.log(server.url, performance.now() - t0, "pid", process.pid);

/** Removes what `up.ts` applied; the cluster stays, and so do the images. `npx tsx down.ts [--name CLUSTER]`. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { contextName } from "@skiff/cluster";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const BASE = "examples/face-recognition/manifests/base";
const FILES = [
  "receiver",
  "image_processor",
  "face_recognition",
  "frontend",
  "redeemer",
  "migration",
  "people",
  "nsqlookup",
  "mysql",
  "secret",
];

const { name } = parseArgs({ options: { name: { type: "string", default: "skiff" } } }).values;
const files = [...FILES, "disruption-budgets", "network-policies"].flatMap((file) => ["-f", `${BASE}/${file}.yaml`]);
const args = ["packages/skiff/dist/skiff.js", "kubectl", "--context", contextName(name), "delete", "--ignore-not-found", ...files];
process.exitCode = spawnSync(process.execPath, args, { stdio: "inherit", cwd: REPOSITORY }).status ?? 1;

#!/usr/bin/env node
// Stands in the repository, so that npm links the command at install time, before the first build.
import { existsSync } from "node:fs";

const program = new URL("../dist/skiff.js", import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write("Skiff has not been built yet. Run: npm run build\n");
  process.exitCode = 1;
}

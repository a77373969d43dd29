#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { processContext, runSkiff } from "@skiff/cli";

declare const SKIFF_VERSION: string;

// More processes of Skiff are started as this very program.
const program = [process.execPath, "--enable-source-maps", fileURLToPath(import.meta.url)];
process.exitCode = await runSkiff(process.argv.slice(2), processContext(SKIFF_VERSION, program));

#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { processContext, runSkiff } from "@skiff/cli";

declare const SKIFF_VERSION: string;

// More processes of Skiff are started as this very program. Not with `--enable-source-maps`: Node reads the maps of all that it
// loads, 15 MiB in the server and 60 MiB in a node process. `NODE_OPTIONS` brings them back for whoever looks for a fault.
const program = [process.execPath, fileURLToPath(import.meta.url)];
process.exitCode = await runSkiff(process.argv.slice(2), processContext(SKIFF_VERSION, program));

import { spawn } from "node:child_process";
import { mkdtemp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { listenOn } from "@skiff/base";
import { HttpsTransport, nodeFileSystem, nodeRunCommand, type HttpsTransportOptions } from "@skiff/client";
import type { KubectlFiles, KubectlIo, KubectlTransport, LocalListener } from "@skiff/kubectl";
import type { CommandContext } from "./command-context.ts";

/** Longer manifests at a URL are refused. */
const FETCH_LIMIT_BYTES = 16 * 1024 * 1024;

/** Everything that the built-in kubectl touches, as this process has it. */
export function systemKubectlIo(context: CommandContext): KubectlIo {
  const { host } = context;
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  process.once("SIGTERM", () => interrupted.abort(new Error("terminated")));
  return {
    stdout: (chunk) => void process.stdout.write(chunk),
    stderr: (chunk) => void process.stderr.write(chunk),
    stdin: process.stdin,
    env: process.env,
    home: homedir(),
    host,
    files: systemFiles(context),
    terminal: {
      stdinIsTerminal: process.stdin.isTTY,
      size: () => (process.stdout.isTTY ? { columns: process.stdout.columns, rows: process.stdout.rows } : undefined),
      onResize(changed) {
        process.stdout.on("resize", changed);
        return () => process.stdout.off("resize", changed);
      },
      setRaw: (raw) => void (process.stdin.isTTY && process.stdin.setRawMode(raw)),
    },
    run: nodeRunCommand,
    edit: runEditor,
    openTransport: (options) => openTransport(options),
    fetchText,
    listen,
    signal: interrupted.signal,
    version: "v1.36.0",
  };
}

function openTransport(options: HttpsTransportOptions): KubectlTransport {
  const transport = new HttpsTransport(options);
  return {
    request: (request) => transport.request(request),
    watch: (request, onEvents) => transport.watch(request, onEvents),
    stream: (request) => transport.stream(request),
    openUpgrade: (request, protocol) => transport.openUpgrade(request, protocol),
    close: () => transport.close(),
  };
}

function systemFiles({ host }: CommandContext): KubectlFiles {
  return {
    ...nodeFileSystem(host.clock, host.random),
    async list(path) {
      try {
        if (!(await stat(path)).isDirectory()) return undefined;
      } catch {
        return undefined;
      }
      const entries = await readdir(path, { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() })).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async readBytes(path) {
      try {
        return new Uint8Array(await readFile(path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async writeBytes(path, content, mode) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content, { mode });
    },
    async temporary(suffix) {
      const file = join(await mkdtemp(join(tmpdir(), "skiff-edit-")), `object${suffix}`);
      await writeFile(file, "", { mode: 0o600 });
      return file;
    },
    remove: (path) => rm(path, { recursive: true, force: true }),
  };
}

function runEditor(command: string, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    // Editors are often set with flags (`code --wait`), so the shell takes them apart.
    const child = spawn("sh", ["-c", `${command} "$1"`, "editor", file], { stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { redirect: "follow" });
  if (!response.ok) throw new Error(`unable to read URL "${url}", server reported ${response.status} ${response.statusText}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > FETCH_LIMIT_BYTES) throw new Error(`the manifest at ${url} is larger than ${FETCH_LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function listen(address: string, port: number, onConnection: (connection: Duplex) => void): Promise<LocalListener> {
  const connections = new Set<Duplex>();
  const server = createServer((connection) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
    onConnection(connection);
  });
  const bound = await listenOn(server, port, address, ({ message }) => process.stderr.write(`error: ${message}\n`));
  return {
    port: bound,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const connection of connections) connection.destroy();
      }),
  };
}

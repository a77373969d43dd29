import { MemoryApi } from "@skiff/client/testing";
import { testHost } from "@skiff/base/testing";
import type { KubectlFiles, KubectlIo, KubectlTransport } from "../io.ts";
import { runKubectl } from "../run-kubectl.ts";

/** What one command printed and how it ended. */
interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A world in memory for tests of commands: files, a cluster, a terminal that is none. */
export class MemoryWorld {
  readonly host = testHost();
  readonly api = new MemoryApi(this.host);
  readonly contents = new Map<string, string>([["/home/.kube/config", KUBECONFIG]]);
  stdin = "";
  /** Beside `EDITOR`. */
  env: Readonly<Record<string, string>> = {};
  transport: KubectlTransport = this.api;
  edit: (file: string) => void = () => {};

  /** Runs a command line and waits for its end. `"$ …"` words are split at spaces. */
  async run(...words: string[]): Promise<Outcome> {
    let out = "";
    let err = "";
    const io: KubectlIo = {
      stdout: (chunk) => void (out += Buffer.from(chunk).toString("utf8")),
      stderr: (chunk) => void (err += Buffer.from(chunk).toString("utf8")),
      stdin: chunks(this.stdin),
      env: { EDITOR: "ed", ...this.env },
      home: "/home",
      host: this.host,
      files: this.#files(),
      terminal: { stdinIsTerminal: false, size: () => undefined, onResize: () => () => {}, setRaw: () => {} },
      run: () => Promise.reject(new Error("no programs in memory")),
      edit: (_command, file) => {
        this.edit(file);
        return Promise.resolve(0);
      },
      openTransport: () => this.transport,
      fetchText: () => Promise.reject(new Error("no network in memory")),
      listen: () => Promise.reject(new Error("no network in memory")),
      signal: new AbortController().signal,
      version: "v1.36.0",
    };
    const ended = runKubectl(words.length === 1 ? (words[0] ?? "").split(" ") : words, io);
    let over = false;
    void ended.then(() => (over = true));
    await this.host.clock.advanceUntil(() => over, "10m");
    return { code: await ended, out, err };
  }

  #files(): KubectlFiles {
    const { contents } = this;
    return {
      read: (path) => Promise.resolve(contents.get(path)),
      write: (path, text) => Promise.resolve(void contents.set(path, text)),
      locked: (_path, work) => work(),
      list: (path) => {
        const names = [...contents.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1));
        return Promise.resolve(names.length === 0 ? undefined : names.sort().map((name) => ({ name, isDirectory: false })));
      },
      readBytes: (path) => Promise.resolve(contents.has(path) ? Buffer.from(contents.get(path) ?? "") : undefined),
      writeBytes: (path, content) => Promise.resolve(void contents.set(path, Buffer.from(content).toString("utf8"))),
      temporary: (suffix) => Promise.resolve(`/tmp/edit${suffix}`),
      remove: (path) => Promise.resolve(void contents.delete(path)),
    };
  }
}

const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: memory
clusters: [{ name: memory, cluster: { server: "https://memory:6443" } }]
users: [{ name: memory, user: { token: secret } }]
contexts: [{ name: memory, context: { cluster: memory, user: memory } }]
`;

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  if (text !== "") yield Buffer.from(text);
}

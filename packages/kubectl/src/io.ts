import type { Duplex } from "node:stream";
import type { ApiRequest, Transport } from "@skiff/api";
import type { Host } from "@skiff/base";
import type { FileSystem, HttpsTransportOptions, RunCommand, UpgradedConnection } from "@skiff/client";

/** A {@link Transport} that can also leave HTTP behind, for `exec`, `attach`, `cp` and `port-forward`. */
export interface KubectlTransport extends Transport {
  /** As `HttpsTransport.openUpgrade`. Absent where the transport cannot do it; the commands then say so. */
  readonly openUpgrade?: (request: ApiRequest, protocol: string) => Promise<UpgradedConnection>;
  /** Called once, when the command has ended. */
  readonly close?: () => void;
}

/** An entry of a directory. */
interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** The files that commands read and write. Paths are absolute or relative to the working directory. */
export interface KubectlFiles extends FileSystem {
  /** The entries of a directory in order of their names; `undefined` when `path` is no directory. */
  list(path: string): Promise<readonly DirectoryEntry[] | undefined>;
  /** The content of a file, `undefined` when there is none. */
  readBytes(path: string): Promise<Uint8Array | undefined>;
  /** Writes a file whole, making its directories if need be. */
  writeBytes(path: string, content: Uint8Array, mode: number): Promise<void>;
  /** A new, empty file with that suffix that only its owner can read; for editors. */
  temporary(suffix: string): Promise<string>;
  remove(path: string): Promise<void>;
}

/** What the command knows of the terminal it runs in. */
interface KubectlTerminal {
  /** True when standard input is a terminal; prompts and `-t` need it. */
  readonly stdinIsTerminal: boolean;
  /** Its size in characters, `undefined` when it is not known. */
  readonly size: () => { readonly columns: number; readonly rows: number } | undefined;
  /** Calls `changed` when the size changes; answers how to stop. */
  readonly onResize: (changed: () => void) => () => void;
  /** Switches the terminal to raw mode, or back. */
  readonly setRaw: (raw: boolean) => void;
}

/** A local port that was opened for `port-forward`. */
export interface LocalListener {
  readonly port: number;
  /** Stops listening and ends the connections. */
  close(): Promise<void>;
}

/** Everything outside the process that `skiff kubectl` touches. The caller owns it. */
export interface KubectlIo {
  readonly stdout: (chunk: string | Uint8Array) => void;
  readonly stderr: (chunk: string | Uint8Array) => void;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  readonly host: Host;
  readonly files: KubectlFiles;
  readonly terminal: KubectlTerminal;
  /** For credential plug-ins of the kubeconfig. */
  readonly run: RunCommand;
  /** Runs an editor in the foreground and answers its exit code. */
  readonly edit: (command: string, file: string) => Promise<number>;
  readonly openTransport: (options: HttpsTransportOptions) => KubectlTransport;
  /** Fetches a manifest by URL. */
  readonly fetchText: (url: string) => Promise<string>;
  readonly listen: (address: string, port: number, onConnection: (connection: Duplex) => void) => Promise<LocalListener>;
  /** Aborted when the user interrupts the command: long-running ones then end in order. */
  readonly signal: AbortSignal;
  /** What `version` prints for the client, such as `v1.36.0`. */
  readonly version: string;
}

import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { assert, type Logger } from "@skiff/base";
import type { ClusterPaths } from "../layout/cluster-paths.ts";

/** Ports below need root. */
const FIRST_FREE_PORT = 1024;

/**
 * Gives up root for good: this process goes on as `user`, who owns nothing but the store, the keys and the audit log of this cluster. The
 * working directory becomes the data directory, for the directories above it need not be open to that user.
 *
 * Answers false, having changed nothing, when the process is not root, the API's port needs root, or the user cannot read
 * Skiff's own program (it may lie in a private home directory); the reason is logged.
 */
export function giveUpRoot(options: {
  readonly user: number;
  readonly paths: ClusterPaths;
  readonly apiPort: number;
  readonly program: string;
  readonly log: Logger;
}): boolean {
  const { user, paths, apiPort, program, log } = options;
  const { setgroups, setgid, setuid, getuid } = process;
  if (getuid?.() !== 0 || setgroups === undefined || setgid === undefined || setuid === undefined) return false;
  const obstacle =
    apiPort < FIRST_FREE_PORT
      ? `port ${apiPort} needs root`
      : mayRead(user, program)
        ? undefined
        : `users other than root may not read ${program}; install Skiff where they may`;
  if (obstacle !== undefined) {
    log.warn("the API server keeps running as root", { reason: obstacle });
    return false;
  }
  for (const folder of [paths.store, paths.pki, paths.audit]) giveTo(user, folder);
  // The names in it stay hidden; all that is not the server's is closed by its own mode.
  chmodSync(paths.data, 0o711);
  process.chdir(paths.data);
  setgroups.call(process, []);
  setgid.call(process, user);
  setuid.call(process, user);
  assert(process.getuid?.() === user && process.getgid?.() === user, "root was not given up");
  return true;
}

/** As the system sees it, directories above the file and all. */
function mayRead(user: number, file: string): boolean {
  return spawnSync("test", ["-r", file], { uid: user, gid: user, stdio: "ignore", cwd: "/" }).status === 0;
}

/** Makes `user` the owner of a folder and all that is in it, whoever had it before. */
function giveTo(user: number, path: string): void {
  if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o700 });
  const state = lstatSync(path);
  // What the user of a server may have put there must not lead to files of others.
  if (!state.isDirectory() && (state.nlink > 1 || !state.isFile())) return;
  if (state.uid !== user || state.gid !== user) chownSync(path, user, user);
  if (state.isDirectory()) for (const name of readdirSync(path)) giveTo(user, join(path, name));
}

import { spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Runs `work` while no other process runs some for the same `file`. Waits for the others; `onWait` is called when there
 * is one. The kernel lets go of the lock when this process ends, however it ends. The file is gone afterwards.
 *
 * Where the system has no `flock` program (only simulated nodes run there), the work runs without a lock.
 */
export async function withOperationLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const handle = await acquire(file, onWait);
  try {
    return await work();
  } finally {
    // Removed before it is let go: who waits for it sees that the file is another one, and asks for that.
    rmSync(file, { force: true });
    closeSync(handle);
  }
}

async function acquire(file: string, onWait: () => void): Promise<number> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o711 });
  for (;;) {
    const handle = openSync(file, "a", 0o600);
    // The lock belongs to the open file, which the program shares with us and leaves locked behind.
    if (!(await flock(["-n"], handle))) {
      onWait();
      await flock([], handle);
    }
    if (statSync(file, { throwIfNoEntry: false })?.ino === fstatSync(handle).ino) return handle;
    closeSync(handle);
  }
}

/** False when another process holds the lock. */
function flock(options: readonly string[], handle: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn("flock", [...options, "-x", "3"], { stdio: ["ignore", "ignore", "ignore", handle] });
    child.once("error", () => resolve(true));
    child.once("close", (code) => resolve(code === 0));
  });
}

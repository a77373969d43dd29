import { homedir } from "node:os";
import { join } from "node:path";

/** Where tests keep from run to run what is slow to make: below the user's cache directory, outside of any repository. */
export function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "skiff");
}

/** Where `scripts/build-tools.ts` puts the programs that it builds. */
export function toolsDirectory(): string {
  return join(cacheDirectory(), "tools", "bin");
}

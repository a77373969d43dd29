import { homedir } from "node:os";
import { join } from "node:path";

/** Where built images are kept: below the user's cache directory, outside of any repository. */
export function imageCacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "skiff", "images");
}

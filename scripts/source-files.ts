import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));

/** One TypeScript file of a package. */
export interface SourceFile {
  /** Relative to the repository. */
  readonly path: string;
  /** `base`, `api`, …; `examples` for all of them. */
  readonly packageName: string;
  readonly text: string;
  readonly isTest: boolean;
}

const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(["node_modules", "dist", "generated", "static"]);

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : filesBelow(path);
    return [path];
  });
}

/** Every TypeScript file of every package and example, generated ones excluded. */
export function sourceFiles(): SourceFile[] {
  return [...filesBelow(join(REPOSITORY, "packages")), ...filesBelow(join(REPOSITORY, "examples"))]
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => {
      const name = relative(REPOSITORY, path);
      return {
        path: name,
        packageName: name.startsWith("examples/") ? "examples" : (name.split("/")[1] ?? ""),
        text: readFileSync(path, "utf8"),
        isTest: /\.(test|e2e|bench|contract)\.tsx?$|\/testing\.ts$|\/testing\/|\.fixture\.ts$/.test(name),
      };
    });
}

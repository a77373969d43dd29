import { cpSync, existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Copies a package that cannot be bundled, and all that it needs, into `folder/node_modules`. */
export function copyPackage(name: string, from: string, folder: string): void {
  for (const [each, source] of packageFolders(name, from)) {
    cpSync(source, join(folder, "node_modules", each), { recursive: true, dereference: true });
  }
}

/** Where a package and all that it needs are, by their names. */
function packageFolders(name: string, from: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const add = (name: string, from: string): void => {
    const folder = createRequire(join(from, "x.js"))
      .resolve.paths(name)
      ?.map((parent) => join(parent, name))
      .find((each) => existsSync(join(each, "package.json")));
    // Of the packages for other kinds of machines none is installed.
    if (folder === undefined || found.has(name)) return;
    found.set(name, folder);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      readonly dependencies?: object;
      readonly optionalDependencies?: object;
    };
    for (const needed of [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]) add(needed, folder);
  };
  add(name, from);
  return found;
}

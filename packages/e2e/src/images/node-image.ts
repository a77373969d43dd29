import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { createLayer, imageArchitecture, type OciImage, type OciImageConfig, type OciLayer, type TarEntry } from "@skiff/cri";
import { busyboxEntries } from "./busybox-image.ts";

/** An image with a program for Node.js. */
interface NodeImageRecipe {
  readonly references: readonly string[];
  /** Folders of this machine, by the absolute path that they have in the image. */
  readonly folders: Readonly<Record<string, string>>;
  readonly config: OciImageConfig;
}

/**
 * Makes images of programs for Node.js without Docker and without a network: busybox, the `node` that runs this very
 * program with the libraries that it needs, and the program. All images share the layer of the first two.
 */
export class NodeImageBuilder {
  readonly #base: OciLayer;

  /** `libraries`: further files with machine code in them, whose libraries are needed too. */
  constructor(libraries: readonly string[] = []) {
    const needed = new Set([process.execPath, ...libraries].flatMap(sharedLibraries));
    this.#base = createLayer(
      [
        ...busyboxEntries(),
        { path: "usr/local", type: "directory" },
        { path: "usr/local/bin", type: "directory" },
        fileEntry("usr/local/bin/node", process.execPath, 0o755),
        ...parentsOf([...needed]),
        ...[...needed].sort().map((path) => fileEntry(path.slice(1), path, 0o755)),
      ],
      // Compressing a hundred megabytes takes longer than anything that it saves on one machine.
      "none",
    );
  }

  build({ references, folders, config }: NodeImageRecipe): OciImage {
    const entries = Object.entries(folders).flatMap(([path, folder]) => [
      ...parentsOf([`${path}/x`]),
      ...treeEntries(folder, path.replace(/^\/+/, "")),
    ]);
    return { references, architecture: imageArchitecture(process.arch), layers: [this.#base, createLayer(entries, "none")], config };
  }
}

/** The paths of the libraries, and of the program that loads them, that a file with machine code is linked to. */
function sharedLibraries(file: string): string[] {
  const output = execFileSync("ldd", [file], { encoding: "utf8" });
  return output.split("\n").flatMap((line) => /^\s*(?:\S+ => )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

/** The directories above absolute paths, each before what is in it. */
function parentsOf(paths: readonly string[]): TarEntry[] {
  const parents = new Set<string>();
  for (const path of paths) {
    const parts = path.split("/").slice(1, -1);
    for (let count = 1; count <= parts.length; count++) parents.add(parts.slice(0, count).join("/"));
  }
  return [...parents].sort().map((path) => ({ path, type: "directory" }));
}

function* treeEntries(folder: string, path: string): Generator<TarEntry> {
  for (const name of readdirSync(folder).sort()) {
    const source = join(folder, name);
    const status = lstatSync(source);
    if (status.isDirectory()) {
      yield { path: `${path}/${name}`, type: "directory" };
      yield* treeEntries(source, `${path}/${name}`);
    } else if (status.isSymbolicLink()) yield { path: `${path}/${name}`, type: "symlink", linkTarget: readlinkSync(source) };
    // Whoever built it may have a strict umask; whoever runs it is somebody else.
    else if (status.isFile()) yield fileEntry(`${path}/${name}`, source, (status.mode & 0o111) === 0 ? 0o644 : 0o755);
  }
}

function fileEntry(path: string, source: string, mode: number): TarEntry {
  return { path, type: "file", mode, content: () => readFileSync(realpathSync(source)) };
}

import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLayer, imageArchitecture, type OciImage, type OciImageConfig, type ProcessSpawner, type TarEntry } from "@skiff/cri";
import { imageCacheDirectory, writeImageArchive } from "./image-cache.ts";

/** A file that is added to an image, or put in place of one from a package. */
interface RecipeFile {
  /** Absolute. */
  readonly path: string;
  /** The text, or the file of this machine that is copied. */
  readonly content: string | { readonly copyOf: string };
  /** Default 0o644. */
  readonly mode?: number;
}

/** A directory that is added to an image. */
interface RecipeDirectory {
  readonly path: string;
  /** Default 0o755. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A user of the image, with a group of the same name and number. */
interface RecipeUser {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** A group of the image beside those that go with its users. */
interface RecipeGroup {
  readonly name: string;
  readonly gid: number;
  /** Names of users. */
  readonly members: readonly string[];
}

/** Another image that has all that the recipe's image has, and more. */
export interface ImageVariant {
  readonly references: readonly string[];
  readonly files?: readonly RecipeFile[];
  /** Instead of the recipe's. */
  readonly config: OciImageConfig;
}

/** An image made from Debian packages, as data. */
export interface DebianImageRecipe {
  /** Of the file in the cache. */
  readonly name: string;
  readonly references: readonly string[];
  /** Their dependencies come along; what they only recommend does not. */
  readonly packages: readonly string[];
  readonly config: OciImageConfig;
  readonly users?: readonly RecipeUser[];
  readonly groups?: readonly RecipeGroup[];
  readonly files?: readonly RecipeFile[];
  readonly directories?: readonly RecipeDirectory[];
  /** From the path of the link to where it points. */
  readonly links?: Readonly<Record<string, string>>;
  /** Paths that are left out, with all below them. Documentation and translations always are. */
  readonly leftOut?: readonly string[];
  /** Further images in the same archive. */
  readonly variants?: readonly ImageVariant[];
}

/** How images are built. */
interface DebianImageBuilderOptions {
  readonly spawner: ProcessSpawner;
}

/** Changed when the way in which images are built changes, so that older ones in the cache are not used. */
const BUILD_VERSION = 2;

/** Downloading and unpacking; mirrors may be slow. */
const APT_TIMEOUT_MS = 10 * 60_000;

const ALWAYS_LEFT_OUT = ["usr/share/doc", "usr/share/info", "usr/share/lintian", "usr/share/locale", "usr/share/man"];

/** The directories that are links in every Debian since 12. */
const MERGED = ["bin", "lib", "lib64", "sbin"];

/**
 * Builds OCI archives from Debian packages: apt resolves and fetches them (and checks their signatures and hashes),
 * dpkg unpacks them, and no package's scripts are run. The same packages and recipe always give the same image.
 */
export class DebianImageBuilder {
  readonly #spawner: ProcessSpawner;

  constructor(options: DebianImageBuilderOptions) {
    this.#spawner = options.spawner;
  }

  /**
   * Answers the archive's file: from the cache, when the same recipe was built from the same packages.
   *
   * Errors: rejects with an `Error` that says what apt or dpkg said.
   */
  async build(recipe: DebianImageRecipe): Promise<string> {
    const work = await mkdtemp(join(tmpdir(), "skiff-image-"));
    try {
      await mkdir(`${work}/archives/partial`, { recursive: true });
      await mkdir(`${work}/rootfs`);
      await writeFile(`${work}/status`, "");
      const packages = await this.#resolve(work, recipe.packages);
      const key = createHash("sha256")
        .update(JSON.stringify([BUILD_VERSION, process.arch, packages, recipe, copiedHashes(recipe)]))
        .digest("hex")
        .slice(0, 16);
      const file = join(imageCacheDirectory(), `${recipe.name}-${key}.tar`);
      if (existsSync(file)) return file;
      await this.#unpack(work, recipe.packages);
      // Awaited here: the layers are read from the folder, which goes afterwards.
      return await writeImageArchive(`${recipe.name}-${key}`, imagesOf(recipe, `${work}/rootfs`));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  /** The files that apt would fetch, with their hashes. */
  async #resolve(work: string, packages: readonly string[]): Promise<readonly string[]> {
    const list = async (): Promise<readonly string[]> => {
      const stdout = await this.#apt(work, ["--print-uris", "install", ...packages]);
      return stdout.split("\n").filter((line) => line.startsWith("'"));
    };
    try {
      return await list();
    } catch {
      // A fresh machine has no package lists yet.
      await this.#run("apt-get", ["update", "-q"]);
      return list();
    }
  }

  async #unpack(work: string, packages: readonly string[]): Promise<void> {
    await this.#apt(work, ["--download-only", "install", ...packages]);
    const rootfs = `${work}/rootfs`;
    for (const name of MERGED) await this.#run("sh", ["-c", 'mkdir -p "$1/usr/$2" && ln -s "usr/$2" "$1/$2"', "merge", rootfs, name]);
    const files = (await readdir(`${work}/archives`)).filter((name) => name.endsWith(".deb")).sort();
    for (const name of files) {
      const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar -x -p --numeric-owner --keep-directory-symlink -C "$2"';
      await this.#run("bash", ["-c", `set -o pipefail; ${unpack}`, "unpack", `${work}/archives/${name}`, rootfs]);
    }
  }

  /** apt with an empty package database and a cache of its own, so that neither this machine's packages nor its locks matter. */
  #apt(work: string, args: readonly string[]): Promise<string> {
    const options = {
      "Dir::State::status": `${work}/status`,
      "Dir::Cache::archives": `${work}/archives`,
      "Dir::Cache::pkgcache": "",
      "Dir::Cache::srcpkgcache": "",
      "Debug::NoLocking": "1",
      "APT::Install-Recommends": "0",
      "APT::Sandbox::User": "root",
    };
    return this.#run("apt-get", ["-y", "-q", ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]), ...args]);
  }

  async #run(command: string, args: readonly string[]): Promise<string> {
    const result = await this.#spawner.run(command, args, { timeoutMs: APT_TIMEOUT_MS });
    if (result.exitCode !== 0) throw new Error(`${command} failed: ${(result.stderr || result.stdout).trim()}`);
    return result.stdout;
  }
}

function imagesOf(recipe: DebianImageRecipe, rootfs: string): OciImage[] {
  const leftOut = new Set([...ALWAYS_LEFT_OUT, ...(recipe.leftOut ?? []).map(relative)]);
  const layers = [createLayer(treeEntries(rootfs, "", leftOut)), createLayer(additions(recipe))];
  const architecture = imageArchitecture(process.arch);
  const variants = (recipe.variants ?? []).map(({ references, files, config }) => ({
    references,
    architecture,
    layers: files === undefined ? layers : [...layers, createLayer(fileEntries(files))],
    config,
  }));
  return [{ references: recipe.references, architecture, layers, config: recipe.config }, ...variants];
}

/** Of the files that the recipe copies: other content makes another image. */
function copiedHashes(recipe: DebianImageRecipe): string[] {
  return [recipe, ...(recipe.variants ?? [])]
    .flatMap(({ files }) => files ?? [])
    .flatMap(({ content }) =>
      typeof content === "string" ? [] : [createHash("sha256").update(readFileSync(content.copyOf)).digest("hex")],
    );
}

/** What the recipe adds to the packages, or puts in place of their files: a layer of its own, so that the one of the packages can be shared. */
function* additions(recipe: DebianImageRecipe): Generator<TarEntry> {
  yield { path: "tmp", type: "directory", mode: 0o1777 };
  for (const { path, mode, uid, gid } of recipe.directories ?? []) yield { path: relative(path), type: "directory", mode, uid, gid };
  yield* userEntries(recipe.users ?? [], recipe.groups ?? []);
  yield* fileEntries(recipe.files ?? []);
  for (const [path, linkTarget] of Object.entries(recipe.links ?? {})) yield { path: relative(path), type: "symlink", linkTarget };
}

function* fileEntries(files: readonly RecipeFile[]): Generator<TarEntry> {
  for (const { path, content, mode } of files) {
    const bytes = typeof content === "string" ? Buffer.from(content) : () => readFileSync(content.copyOf);
    yield { path: relative(path), type: "file", mode, content: bytes };
  }
}

/** Users are made by packages' scripts, which do not run here. */
function* userEntries(users: readonly RecipeUser[], groups: readonly RecipeGroup[]): Generator<TarEntry> {
  const all = [{ name: "root", uid: 0, home: "/root" }, ...users, { name: "nobody", uid: 65_534, home: "/nonexistent" }];
  const passwd = all.map(({ name, uid, home }) => `${name}:x:${uid}:${uid}::${home}:${uid === 0 ? "/bin/bash" : "/usr/sbin/nologin"}\n`);
  const group = all.map(({ name, uid }) => `${name === "nobody" ? "nogroup" : name}:x:${uid}:\n`);
  for (const { name, gid, members } of groups) group.push(`${name}:x:${gid}:${members.join(",")}\n`);
  yield { path: "etc/passwd", type: "file", content: Buffer.from(passwd.join("")) };
  yield { path: "etc/group", type: "file", content: Buffer.from(group.join("")) };
  yield { path: "root", type: "directory", mode: 0o700 };
}

function* treeEntries(rootfs: string, directory: string, leftOut: ReadonlySet<string>): Generator<TarEntry> {
  for (const name of readdirSync(join(rootfs, directory)).sort()) {
    const path = directory === "" ? name : `${directory}/${name}`;
    if (leftOut.has(path)) continue;
    const status = lstatSync(join(rootfs, path));
    const entry = entryOf(rootfs, path, status);
    if (entry) yield entry;
    if (status.isDirectory()) yield* treeEntries(rootfs, path, leftOut);
  }
}

function entryOf(rootfs: string, path: string, status: Stats): TarEntry | undefined {
  const common = { path, mode: status.mode & 0o7777, uid: status.uid, gid: status.gid };
  if (status.isDirectory()) return { ...common, type: "directory" };
  if (status.isSymbolicLink()) return { ...common, type: "symlink", linkTarget: readlinkSync(join(rootfs, path)) };
  // Packages hold no devices; a file with several names becomes several files.
  return status.isFile() ? { ...common, type: "file", content: () => readFileSync(join(rootfs, path)) } : undefined;
}

function relative(path: string): string {
  return path.replace(/^\/+/, "").replace(/\/+$/, "");
}

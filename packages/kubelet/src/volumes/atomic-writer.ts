import { assert, type Host } from "@skiff/base";
import type { FileSystem } from "../file-system.ts";

/** One file of a volume that is made of API objects. */
export interface PayloadFile {
  readonly data: Uint8Array;
  readonly mode: number;
  /** The user that owns it, when not root. */
  readonly uid?: number;
}

/** Files by path, relative to the volume and without `..`. */
type Payload = ReadonlyMap<string, PayloadFile>;

const DATA = "..data";
const NEW_DATA = "..data_tmp";

/**
 * Puts files into a directory so that a reader sees all of them as they were or all as they are now, never a mixture.
 *
 * The files stand in a directory of their own, which the link `..data` names; what users see are links through it. An
 * update writes a new directory and then swaps the one link. Answers true when something had to change.
 */
export async function writeAtomically(
  fileSystem: FileSystem,
  host: Pick<Host, "clock" | "random">,
  target: string,
  payload: Payload,
  gid: number | undefined,
): Promise<boolean> {
  for (const path of payload.keys()) assertSafe(path);
  const current = await fileSystem.readLink(`${target}/${DATA}`).catch(() => undefined);
  if (current !== undefined && (await isUpToDate(fileSystem, `${target}/${current}`, payload))) return false;

  const fresh = timestampedName(host);
  await writePayload(fileSystem, `${target}/${fresh}`, payload, gid);
  await fileSystem.remove(`${target}/${NEW_DATA}`);
  await fileSystem.symlink(fresh, `${target}/${NEW_DATA}`);
  await fileSystem.rename(`${target}/${NEW_DATA}`, `${target}/${DATA}`);
  await linkVisible(fileSystem, target, payload);
  // Also clears away what an earlier run left half done.
  for (const name of await fileSystem.readDirectory(target)) {
    if (name.startsWith("..") && name !== DATA && name !== fresh) await fileSystem.removeTree(`${target}/${name}`);
  }
  return true;
}

async function isUpToDate(fileSystem: FileSystem, directory: string, payload: Payload): Promise<boolean> {
  const found = await listFiles(fileSystem, directory, "");
  if (found.length !== payload.size) return false;
  for (const path of found) {
    const wanted = payload.get(path);
    if (wanted === undefined) return false;
    const data = await fileSystem.readFile(`${directory}/${path}`).catch(() => undefined);
    if (data === undefined || Buffer.compare(data, wanted.data) !== 0) return false;
  }
  return true;
}

async function listFiles(fileSystem: FileSystem, directory: string, prefix: string): Promise<string[]> {
  const names = await fileSystem.readDirectory(directory).catch((): string[] => []);
  const files: string[] = [];
  for (const name of names) {
    const status = await fileSystem.lstat(`${directory}/${name}`);
    if (status?.type === "directory") files.push(...(await listFiles(fileSystem, `${directory}/${name}`, `${prefix}${name}/`)));
    else files.push(prefix + name);
  }
  return files;
}

async function writePayload(fileSystem: FileSystem, directory: string, payload: Payload, gid: number | undefined): Promise<void> {
  // Group members may enter, so that a process with the Pod's fsGroup can read; setgid hands the group down.
  const directoryMode = gid === undefined ? 0o755 : 0o2755;
  const made = new Set<string>();
  const makeDirectory = async (path: string): Promise<void> => {
    if (made.has(path)) return;
    made.add(path);
    await fileSystem.makeDirectory(path, directoryMode);
    if (gid !== undefined) await fileSystem.chown(path, -1, gid);
  };
  await makeDirectory(directory);
  for (const [path, file] of payload) {
    const parents = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parents.length; depth++) await makeDirectory(`${directory}/${parents.slice(0, depth).join("/")}`);
    const mode = gid === undefined ? file.mode : file.mode | 0o440;
    await fileSystem.writeFile(`${directory}/${path}`, file.data, mode);
    if (gid !== undefined || file.uid !== undefined) await fileSystem.chown(`${directory}/${path}`, file.uid ?? -1, gid ?? -1);
  }
}

/** Links of the first path segments, through `..data`; those of files that are gone are removed. */
async function linkVisible(fileSystem: FileSystem, target: string, payload: Payload): Promise<void> {
  const wanted = new Set(Array.from(payload.keys(), (path) => path.split("/")[0] ?? ""));
  const present = new Set(await fileSystem.readDirectory(target));
  for (const name of wanted) if (!present.has(name)) await fileSystem.symlink(`${DATA}/${name}`, `${target}/${name}`);
  for (const name of present) if (!name.startsWith("..") && !wanted.has(name)) await fileSystem.removeTree(`${target}/${name}`);
}

function assertSafe(path: string): void {
  const parts = path.split("/");
  assert(path !== "" && !path.startsWith("/") && !parts.includes("..") && !path.startsWith(".."), `${path} leaves its volume`);
}

function timestampedName({ clock, random }: Pick<Host, "clock" | "random">): string {
  const time = new Date(clock.now()).toISOString().slice(0, 19).replace(/[-T:]/g, "_");
  return `..${time}.${String(Math.floor(random.next() * 1e9)).padStart(9, "0")}`;
}

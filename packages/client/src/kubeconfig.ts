import { dirname, isAbsolute, join } from "node:path";
import { parse, stringify } from "yaml";
import type { ExecConfig } from "./credential-source.ts";
import type { FileSystem } from "./file-system.ts";

/** `clusters[].cluster` of a kubeconfig. Fields that we do not know are kept. */
export interface KubeconfigCluster {
  server: string;
  "certificate-authority"?: string;
  "certificate-authority-data"?: string;
  "insecure-skip-tls-verify"?: boolean;
  "tls-server-name"?: string;
  "proxy-url"?: string;
  [field: string]: unknown;
}

/** `users[].user` of a kubeconfig. */
export interface KubeconfigUser {
  "client-certificate"?: string;
  "client-certificate-data"?: string;
  "client-key"?: string;
  "client-key-data"?: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  as?: string;
  "as-uid"?: string;
  "as-groups"?: string[];
  exec?: ExecConfig;
  [field: string]: unknown;
}

/** `contexts[].context` of a kubeconfig. */
export interface KubeconfigContext {
  cluster: string;
  user: string;
  namespace?: string;
  [field: string]: unknown;
}

/** A kubeconfig as it stands in the file: lists of named entries. */
export interface KubeconfigFile {
  apiVersion: "v1";
  kind: "Config";
  "current-context"?: string;
  clusters?: { name: string; cluster: KubeconfigCluster }[] | null;
  users?: { name: string; user: KubeconfigUser }[] | null;
  contexts?: { name: string; context: KubeconfigContext }[] | null;
  preferences?: Record<string, unknown>;
  extensions?: unknown[] | null;
}

/**
 * A kubeconfig, possibly merged from several files: the first file that has an entry of a name, or a current context, wins.
 * Paths in it are absolute.
 */
export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
}

/** An entry for one cluster, as {@link mergeIntoKubeconfig} adds it: context, cluster and user have the same name. */
export interface KubeconfigEntry {
  readonly name: string;
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly namespace?: string;
}

/** Thrown for a kubeconfig that cannot be used. The message says which file and what to do. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
}

const OWNER_ONLY = 0o600;

/**
 * The files that hold the kubeconfig: those of `--kubeconfig`, else of `KUBECONFIG` (a list), else `~/.kube/config`.
 */
export function kubeconfigPaths(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  flag?: string,
  separator = ":",
): readonly string[] {
  if (flag) return [flag];
  const listed = (env.KUBECONFIG ?? "").split(separator).filter((path) => path !== "");
  return listed.length > 0 ? [...new Set(listed)] : [join(home, ".kube", "config")];
}

/** Reads and merges the files; ones that are missing count as empty. */
export async function loadKubeconfig(files: FileSystem, paths: readonly string[]): Promise<Kubeconfig> {
  const clusters = new Map<string, KubeconfigCluster>();
  const users = new Map<string, KubeconfigUser>();
  const contexts = new Map<string, KubeconfigContext>();
  let currentContext: string | undefined;
  for (const path of paths) {
    const config = parseKubeconfig(await files.read(path), path);
    currentContext ??= config["current-context"] || undefined;
    for (const { name, cluster } of config.clusters ?? []) {
      if (!clusters.has(name)) clusters.set(name, withAbsolutePaths(cluster, path, ["certificate-authority"]));
    }
    for (const { name, user } of config.users ?? []) {
      if (!users.has(name)) users.set(name, withAbsolutePaths(user, path, ["client-certificate", "client-key", "tokenFile"]));
    }
    for (const { name, context } of config.contexts ?? []) if (!contexts.has(name)) contexts.set(name, context);
  }
  return { currentContext, clusters, users, contexts };
}

/** The text of a kubeconfig file, checked as far as its shape goes. No text gives an empty one. */
export function parseKubeconfig(text: string | undefined, path: string): KubeconfigFile {
  let value: unknown;
  try {
    value = parse(text ?? "");
  } catch (error) {
    throw new KubeconfigError(`${path} is not YAML: ${(error as Error).message}`, { cause: error });
  }
  if (value === null || value === undefined) return { apiVersion: "v1", kind: "Config" };
  const isConfig = typeof value === "object" && !Array.isArray(value) && ((value as { kind?: unknown }).kind ?? "Config") === "Config";
  if (!isConfig) throw new KubeconfigError(`${path} is not a kubeconfig (kind: Config)`);
  for (const list of ["clusters", "users", "contexts"] as const) {
    const entries = (value as Record<string, unknown>)[list];
    if (entries !== undefined && entries !== null && !Array.isArray(entries)) throw new KubeconfigError(`${path}: ${list} is not a list`);
  }
  return { apiVersion: "v1", kind: "Config", ...value };
}

/**
 * Puts an entry into the file at `path` in place of one of the same name, and makes it the current context unless told
 * otherwise. Other entries and unknown fields stay as they are; the file is only readable by its owner when it is new.
 */
export async function mergeIntoKubeconfig(
  files: FileSystem,
  path: string,
  entry: KubeconfigEntry,
  options: { readonly makeCurrent?: boolean } = {},
): Promise<void> {
  const { name, cluster, user, namespace } = entry;
  const context: KubeconfigContext = { cluster: name, user: name, ...(namespace ? { namespace } : {}) };
  await editKubeconfig(files, path, (config) => ({
    ...config,
    clusters: put(config.clusters, { name, cluster }),
    users: put(config.users, { name, user }),
    contexts: put(config.contexts, { name, context }),
    ...((options.makeCurrent ?? true) ? { "current-context": name } : {}),
  }));
}

/** Takes the context, cluster and user of that name out of the file. A file or entry that is not there is no error. */
export async function removeFromKubeconfig(files: FileSystem, path: string, name: string): Promise<void> {
  if ((await files.read(path)) === undefined) return;
  await editKubeconfig(files, path, (config) => {
    const without = <T extends { name: string }>(entries: T[] | null | undefined): T[] =>
      (entries ?? []).filter((entry) => entry.name !== name);
    const edited = { ...config, clusters: without(config.clusters), users: without(config.users), contexts: without(config.contexts) };
    if (edited["current-context"] === name) edited["current-context"] = "";
    return edited;
  });
}

/** Changes a file under its lock; it is written whole and only when `edit` changed something. */
export async function editKubeconfig(files: FileSystem, path: string, edit: (config: KubeconfigFile) => KubeconfigFile): Promise<void> {
  await files.locked(path, async () => {
    const before = await files.read(path);
    const text = stringify(edit(parseKubeconfig(before, path)));
    if (text !== before) await files.write(path, text, OWNER_ONLY);
  });
}

function put<T extends { name: string }>(entries: T[] | null | undefined, entry: T): T[] {
  const list = [...(entries ?? [])];
  const index = list.findIndex(({ name }) => name === entry.name);
  if (index < 0) list.push(entry);
  else list[index] = entry;
  return list;
}

/** Relative paths in a kubeconfig are relative to its own directory. */
function withAbsolutePaths<T extends Record<string, unknown>>(entry: T, file: string, fields: readonly string[]): T {
  const resolved: Record<string, unknown> = { ...entry };
  for (const field of fields) {
    const path = resolved[field];
    if (typeof path === "string" && path !== "" && !isAbsolute(path)) resolved[field] = join(dirname(file), path);
  }
  return resolved as T;
}

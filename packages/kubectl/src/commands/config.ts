import { editKubeconfig, parseKubeconfig, type KubeconfigFile } from "@skiff/client";
import type { JsonObject, JsonValue } from "@skiff/api";
import type { Command } from "../command.ts";
import { OUTPUT_FLAGS } from "../global-flags.ts";
import { KubectlError } from "../kubectl-error.ts";
import { JsonPath } from "../printers/json-path.ts";
import { alignRows } from "../printers/table.ts";
import { jsonText, yamlText } from "../printers/yaml-text.ts";
import type { Session } from "../session.ts";

function config(name: string, usage: string, summary: string, run: Command["run"], flags: Command["flags"] = {}): Command {
  return { name: `config ${name}`, summary, usage, flags, run };
}

/** The name that a command is about. */
function oneArgument(session: Session, what: string): string {
  const [name] = session.flags.args;
  if (name === undefined) throw new KubectlError(`accepts 1 arg(s), received 0 (${what})`);
  return name;
}

/** The file that is changed: the first that has the entry, else the first of all. */
async function fileFor(session: Session, has: (file: KubeconfigFile) => boolean): Promise<string> {
  const paths = session.kubeconfigPaths;
  for (const path of paths) if (has(parseKubeconfig(await session.io.files.read(path), path))) return path;
  return paths[0] ?? "";
}

async function merged(session: Session): Promise<KubeconfigFile> {
  const { clusters, users, contexts, currentContext } = await session.kubeconfig();
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [...clusters].map(([name, cluster]) => ({ cluster, name })),
    contexts: [...contexts].map(([name, context]) => ({ context, name })),
    "current-context": currentContext ?? "",
    users: [...users].map(([name, user]) => ({ name, user })),
  };
}

/** Hides what is secret or long, as `config view` does. */
function redacted(file: KubeconfigFile): JsonObject {
  const copy = structuredClone(file) as unknown as { clusters: { cluster: JsonObject }[]; users: { user: JsonObject }[] };
  for (const { cluster } of copy.clusters)
    if (cluster["certificate-authority-data"]) cluster["certificate-authority-data"] = "DATA+OMITTED";
  for (const { user } of copy.users) {
    for (const field of ["client-certificate-data", "client-key-data"]) if (user[field]) user[field] = "DATA+OMITTED";
    for (const field of ["token", "password"]) if (user[field]) user[field] = "REDACTED";
  }
  return copy as unknown as JsonObject;
}

function minified(file: KubeconfigFile, wanted: string): KubeconfigFile {
  const context = file.contexts?.find(({ name }) => name === wanted);
  if (context === undefined)
    throw new KubectlError(wanted === "" ? "current-context must exist in order to minify" : `cannot locate context ${wanted}`);
  return {
    ...file,
    "current-context": wanted,
    contexts: [context],
    clusters: file.clusters?.filter(({ name }) => name === context.context.cluster),
    users: file.users?.filter(({ name }) => name === context.context.user),
  };
}

const view = config(
  "view",
  "[flags] [options]",
  "Display merged kubeconfig settings or a specified kubeconfig file",
  async (session) => {
    const { flags, io } = session;
    const all = await merged(session);
    const chosen = flags.bool("minify") ? minified(all, flags.text("context") || (all["current-context"] ?? "")) : all;
    const shown = flags.bool("raw") || flags.bool("flatten") ? (structuredClone(chosen) as unknown as JsonObject) : redacted(chosen);
    const output = flags.text("output");
    if (output === "json") io.stdout(jsonText(shown));
    else if (output.startsWith("jsonpath="))
      io.stdout(new JsonPath(output.slice("jsonpath=".length), { allowMissing: true }).execute(shown));
    else if (output === "" || output === "yaml") io.stdout(yamlText(shown));
    else throw new KubectlError(`unable to match a printer suitable for the output format "${output}"`);
  },
  {
    ...OUTPUT_FLAGS,
    raw: { type: "bool", help: "Display raw byte data and sensitive data" },
    minify: { type: "bool", help: "Remove all information not used by current-context from the output" },
    flatten: { type: "bool", help: "Flatten the resulting kubeconfig file into self-contained output" },
    merge: { type: "bool", default: "true", help: "Not used", hidden: true },
  },
);

const getContexts = config(
  "get-contexts",
  "[(-o|--output=)name)] [options]",
  "Describe one or many contexts",
  async (session) => {
    const { flags } = session;
    const { contexts, currentContext } = await session.kubeconfig();
    const names = flags.args.length > 0 ? flags.args : [...contexts.keys()].sort();
    const rows: string[][] =
      flags.bool("no-headers") || flags.text("output") === "name" ? [] : [["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]];
    for (const name of names) {
      const context = contexts.get(name);
      if (context === undefined) throw new KubectlError(`context ${name} not found`);
      if (flags.text("output") === "name") session.line(name);
      else rows.push([name === currentContext ? "*" : "", name, context.cluster, context.user, context.namespace ?? ""]);
    }
    session.io.stdout(alignRows(rows));
  },
  {
    output: OUTPUT_FLAGS.output!,
    "no-headers": { type: "bool", help: "When using the default or custom-column output format, don't print headers." },
  },
);

const currentContext = config("current-context", "[options]", "Display the current-context", async (session) => {
  const { currentContext: name } = await session.kubeconfig();
  if (name === undefined) throw new KubectlError("current-context is not set");
  session.line(name);
});

const useContext = config("use-context", "CONTEXT_NAME [options]", "Set the current-context in a kubeconfig file", async (session) => {
  const name = oneArgument(session, "use-context CONTEXT_NAME");
  const { contexts } = await session.kubeconfig();
  if (!contexts.has(name)) throw new KubectlError(`no context exists with the name: "${name}"`);
  const path = await fileFor(session, (file) => Boolean(file["current-context"]));
  await editKubeconfig(session.io.files, path, (file) => ({ ...file, "current-context": name }));
  session.line(`Switched to context "${name}".`);
});

type Lists = "clusters" | "contexts" | "users";

function setter(
  command: string,
  list: Lists,
  entry: "cluster" | "context" | "user",
  noun: string,
  flags: Command["flags"],
  fields: Readonly<Record<string, string>>,
): Command {
  return config(
    command,
    "NAME [options]",
    `Set a ${entry} entry in kubeconfig`,
    async (session) => {
      const { flags: given, io } = session;
      let name = given.args[0];
      if (given.maybe("current") === "true") name = (await session.kubeconfig()).currentContext;
      if (name === undefined)
        throw new KubectlError(given.has("current") ? "no current context is set" : "you must specify a non-empty name or --current");
      const changes: JsonObject = {};
      for (const [flag, field] of Object.entries(fields)) {
        if (!given.has(flag)) continue;
        changes[field] = flag === "insecure-skip-tls-verify" ? given.bool(flag) : given.text(flag);
        const embeds = given.maybe("embed-certs") !== undefined && given.bool("embed-certs");
        if (!embeds || !/^(certificate-authority|client-certificate|client-key)$/.test(flag)) continue;
        const bytes = await io.files.readBytes(given.text(flag));
        if (bytes === undefined) throw new KubectlError(`could not read ${flag} data from ${given.text(flag)}: no such file or directory`);
        delete changes[field];
        changes[`${field}-data`] = Buffer.from(bytes).toString("base64");
      }
      const wanted = name;
      let existed = false;
      const path = await fileFor(session, (file) => (file[list] ?? []).some((one) => one.name === wanted));
      await editKubeconfig(io.files, path, (file) => {
        const entries = [...((file[list] ?? []) as unknown as JsonObject[])];
        const index = entries.findIndex((one) => one.name === wanted);
        existed = index >= 0;
        const old =
          (existed ? (entries[index]?.[entry] as JsonObject | null) : null) ?? (entry === "context" ? { cluster: "", user: "" } : {});
        const changed: JsonObject = { [entry]: { ...old, ...changes } as JsonValue, name: wanted };
        if (existed) entries[index] = changed;
        else entries.push(changed);
        return { ...file, [list]: entries } as KubeconfigFile;
      });
      session.line(entry === "context" ? `Context "${wanted}" ${existed ? "modified" : "created"}.` : `${noun} "${wanted}" set.`);
    },
    flags,
  );
}

function remover(command: string, list: Lists, noun: string): Command {
  return config(command, "NAME [options]", `Delete the specified ${noun} from the kubeconfig`, async (session) => {
    const name = oneArgument(session, `${command} NAME`);
    const path = await fileFor(session, (file) => (file[list] ?? []).some((one) => one.name === name));
    const before = parseKubeconfig(await session.io.files.read(path), path);
    if (!(before[list] ?? []).some((one) => one.name === name)) throw new KubectlError(`cannot delete ${noun} ${name}, not in ${path}`);
    if (list === "contexts" && before["current-context"] === name)
      session.warn(`warning: this removed your active context, use "kubectl config use-context" to select a different one`);
    await editKubeconfig(
      session.io.files,
      path,
      (file) => ({ ...file, [list]: ((file[list] ?? []) as { name: string }[]).filter((one) => one.name !== name) }) as KubeconfigFile,
    );
    session.line(`deleted ${noun} ${name} from ${path}`);
  });
}

const renameContext = config(
  "rename-context",
  "CONTEXT_NAME NEW_NAME [options]",
  "Rename a context from the kubeconfig file",
  async (session) => {
    const [from, to] = session.flags.args;
    if (from === undefined || to === undefined) throw new KubectlError(`accepts 2 arg(s), received ${session.flags.args.length}`);
    const { contexts } = await session.kubeconfig();
    if (!contexts.has(from)) throw new KubectlError(`cannot rename the context "${from}", it's not in ${session.kubeconfigPaths[0]}`);
    if (contexts.has(to))
      throw new KubectlError(`cannot rename the context "${from}", the context "${to}" already exists in ${session.kubeconfigPaths[0]}`);
    const path = await fileFor(session, (file) => (file.contexts ?? []).some(({ name }) => name === from));
    await editKubeconfig(session.io.files, path, (file) => ({
      ...file,
      contexts: (file.contexts ?? []).map((one) => (one.name === from ? { ...one, name: to } : one)),
      "current-context": file["current-context"] === from ? to : file["current-context"],
    }));
    session.line(`Context "${from}" renamed to "${to}".`);
  },
);

function lister(command: string, list: "clusters" | "users"): Command {
  return config(command, "[options]", `Display ${list} defined in the kubeconfig`, async (session) => {
    const names = [...(await session.kubeconfig())[list].keys()].sort();
    for (const name of ["NAME", ...names]) session.line(name);
  });
}

const unset = config("unset", "PROPERTY_NAME [options]", "Unset an individual value in a kubeconfig file", async (session) => {
  const property = oneArgument(session, "unset PROPERTY_NAME");
  const [list = "", name, field] = property.split(".");
  const path = session.kubeconfigPaths[0] ?? "";
  await editKubeconfig(session.io.files, path, (file) => {
    const copy = structuredClone(file) as unknown as JsonObject;
    if (name === undefined) delete copy[list];
    else if (Array.isArray(copy[list])) {
      const entries = copy[list] as JsonObject[];
      if (field === undefined) copy[list] = entries.filter((one) => one.name !== name);
      else for (const one of entries) if (one.name === name) delete (one[list.slice(0, -1)] as JsonObject | undefined)?.[field];
    }
    return copy as unknown as KubeconfigFile;
  });
  session.line(`Property "${property}" unset.`);
});

const text = (help: string): Command["flags"][string] => ({ type: "string", help });

/** `kubectl config …`. */
export const configCommands: readonly Command[] = [
  currentContext,
  remover("delete-cluster", "clusters", "cluster"),
  remover("delete-context", "contexts", "context"),
  remover("delete-user", "users", "user"),
  lister("get-clusters", "clusters"),
  getContexts,
  lister("get-users", "users"),
  renameContext,
  setter(
    "set-cluster",
    "clusters",
    "cluster",
    "Cluster",
    {
      "embed-certs": { type: "bool", help: "embed-certs for the cluster entry in kubeconfig" },
      "proxy-url": text("proxy-url for the cluster entry in kubeconfig"),
    },
    {
      server: "server",
      "certificate-authority": "certificate-authority",
      "insecure-skip-tls-verify": "insecure-skip-tls-verify",
      "tls-server-name": "tls-server-name",
      "proxy-url": "proxy-url",
    },
  ),
  setter(
    "set-context",
    "contexts",
    "context",
    "Context",
    { current: { type: "bool", help: "Modify the current context" } },
    { cluster: "cluster", user: "user", namespace: "namespace" },
  ),
  setter(
    "set-credentials",
    "users",
    "user",
    "User",
    { "embed-certs": { type: "bool", help: "Embed client cert/key for the user entry in kubeconfig" } },
    {
      "client-certificate": "client-certificate",
      "client-key": "client-key",
      token: "token",
      username: "username",
      password: "password",
    },
  ),
  unset,
  useContext,
  view,
];

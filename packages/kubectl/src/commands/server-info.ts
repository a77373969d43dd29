import { resourcePath, type APIGroupList, type APIVersions, type JsonObject, type JsonValue } from "@skiff/api";
import type { Command } from "../command.ts";
import { OUTPUT_FLAGS } from "../global-flags.ts";
import { KubectlError, SilentExit } from "../kubectl-error.ts";
import { alignRows } from "../printers/table.ts";
import { jsonText, yamlText } from "../printers/yaml-text.ts";

/** `kubectl api-resources`. */
export const apiResourcesCommand: Command = {
  name: "api-resources",
  summary: "Print the supported API resources on the server",
  usage: "[flags] [options]",
  flags: {
    "api-group": { type: "string", help: "Limit to resources in the specified API group." },
    cached: { type: "bool", help: "Not used", hidden: true },
    categories: { type: "list", help: "Limit to resources that belong to the specified categories." },
    namespaced: {
      type: "optional",
      bare: "true",
      help: "If false, non-namespaced resources will be returned, otherwise returning namespaced resources by default.",
    },
    "no-headers": { type: "bool", help: "When using the default or custom-column output format, don't print headers." },
    output: { short: "o", type: "string", help: "Output format. One of: (wide, name)." },
    "sort-by": {
      type: "string",
      help: "If non-empty, sort list of resources using specified field. The field can be either 'name' or 'kind'.",
    },
    verbs: { type: "list", help: "Limit to resources that support the specified verbs." },
  },
  async run(session) {
    const { flags } = session;
    const mapper = await session.mapper();
    const output = flags.text("output");
    if (!["", "wide", "name"].includes(output)) throw new KubectlError(`--output ${output} is not available`);
    const sortBy = flags.text("sort-by");
    const shown = mapper.resources
      .filter((one) => !flags.has("api-group") || one.group === flags.text("api-group"))
      .filter((one) => !flags.has("namespaced") || one.namespaced === (flags.text("namespaced") === "true"))
      .filter((one) => flags.list("verbs").every((verb) => one.verbs.includes(verb)))
      .filter((one) => flags.list("categories").every((category) => one.categories.includes(category)));
    const order = (one: (typeof shown)[number]): string =>
      sortBy === "kind" ? one.kind : sortBy === "name" ? one.plural : `${one.group}\u0000${one.plural}`;
    const sorted = [...shown].sort((a, b) => (order(a) < order(b) ? -1 : 1));
    if (output === "name") {
      for (const { plural, group } of sorted) session.line(group === "" ? plural : `${plural}.${group}`);
    } else {
      const rows = sorted.map(({ plural, shortNames, group, version, namespaced, kind, verbs, categories }) => [
        plural,
        shortNames.join(","),
        group === "" ? version : `${group}/${version}`,
        String(namespaced),
        kind,
        ...(output === "wide" ? [[...verbs].sort().join(","), categories.join(",")] : []),
      ]);
      const heading = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", ...(output === "wide" ? ["VERBS", "CATEGORIES"] : [])];
      session.io.stdout(alignRows(flags.bool("no-headers") ? rows : [heading, ...rows]));
    }
    if (mapper.failures.size > 0) {
      const reasons = [...mapper.failures].map(([group, reason]) => `${group}: ${reason}`).join(", ");
      throw new KubectlError(`unable to retrieve the complete list of server APIs: ${reasons}`);
    }
  },
};

/** `kubectl api-versions`. */
export const apiVersionsCommand: Command = {
  name: "api-versions",
  summary: 'Print the supported API versions on the server, in the form of "group/version"',
  usage: "[options]",
  flags: {},
  async run(session) {
    const client = await session.client();
    const core = (await client.raw({ method: "GET", path: "/api" })) as APIVersions;
    const groups = (await client.raw({ method: "GET", path: "/apis" })) as APIGroupList;
    const all = [...core.versions, ...groups.groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion))];
    for (const version of all.sort()) session.line(version);
  },
};

interface VersionInfo {
  readonly gitVersion?: string;
  readonly major?: string;
  readonly minor?: string;
}

/** The version of Kustomize whose simple kustomizations `-k` understands. */
const KUSTOMIZE_VERSION = "v5.7.1";

/** `kubectl version`. */
export const versionCommand: Command = {
  name: "version",
  summary: "Print the client and server version information",
  usage: "[options]",
  flags: {
    client: { type: "bool", help: "If true, shows client version only (no server required)." },
    output: { short: "o", type: "string", help: "One of 'yaml' or 'json'." },
    short: { type: "bool", help: "Not used", hidden: true },
  },
  async run(session) {
    const { flags, io } = session;
    const output = flags.text("output");
    if (!["", "yaml", "json"].includes(output)) throw new KubectlError("--output must be 'yaml' or 'json'");
    const [, major = "", minor = ""] = /^v(\d+)\.(\d+)/.exec(io.version) ?? [];
    const clientVersion = { major, minor, gitVersion: io.version };
    let server: VersionInfo | undefined;
    let failure: unknown;
    if (!flags.bool("client")) {
      try {
        server = (await (await session.client()).raw({ method: "GET", path: "/version" })) as VersionInfo;
      } catch (error) {
        failure = error;
      }
    }
    const all = { clientVersion, kustomizeVersion: KUSTOMIZE_VERSION, ...(server ? { serverVersion: { ...server } } : {}) } as JsonObject;
    if (output === "json") io.stdout(jsonText(all, 2));
    else if (output === "yaml") io.stdout(yamlText(all));
    else {
      session.line(`Client Version: ${io.version}\nKustomize Version: ${KUSTOMIZE_VERSION}`);
      if (server !== undefined) session.line(`Server Version: ${server.gitVersion ?? ""}`);
    }
    if (failure !== undefined) throw failure;
  },
};

/** `kubectl cluster-info`. */
export const clusterInfoCommand: Command = {
  name: "cluster-info",
  summary: "Display cluster information",
  usage: "[options]",
  flags: {},
  async run(session) {
    const services = await (await session.mapper()).byKind("v1", "Service");
    session.line(`Kubernetes control plane is running at ${await session.server()}`);
    const list = (await session.request(
      services,
      { namespace: "kube-system" },
      { query: { labelSelector: "kubernetes.io/cluster-service=true" } },
    )) as {
      items: {
        metadata?: { name?: string; namespace?: string; labels?: Record<string, string> };
        spec?: { ports?: { name?: string }[] };
      }[];
    };
    for (const { metadata = {}, spec } of list.items) {
      const port = spec?.ports?.[0]?.name;
      const title = metadata.labels?.["kubernetes.io/name"] ?? metadata.name ?? "";
      const path = resourcePath(services, {
        namespace: metadata.namespace,
        name: `${metadata.name ?? ""}${port ? `:${port}` : ""}`,
        subresource: "proxy",
      });
      session.line(`${title} is running at ${await session.server()}${decodeURIComponent(path)}`);
    }
    session.line("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.");
  },
};

/** `kubectl auth can-i`. */
const canI: Command = {
  name: "auth can-i",
  summary: "Check whether an action is allowed",
  usage: "VERB [TYPE | TYPE/NAME | NONRESOURCEURL] [options]",
  flags: {
    "all-namespaces": { short: "A", type: "bool", help: "If true, check the specified action in all namespaces." },
    list: { type: "bool", help: "If true, prints all allowed actions." },
    "no-headers": { type: "bool", help: "If true, prints allowed actions without headers" },
    quiet: { short: "q", type: "bool", help: "If true, suppress output and just return the exit code." },
    subresource: { type: "string", help: "SubResource such as pod/log or deployment/scale" },
  },
  async run(session) {
    const { flags } = session;
    const namespace = flags.bool("all-namespaces") ? "" : await session.namespace();
    if (flags.bool("list")) return listRules(session, namespace);
    const [verb, target] = flags.args;
    if (verb === undefined || target === undefined)
      throw new KubectlError(
        "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
      );
    const spec: JsonObject = target.startsWith("/")
      ? { nonResourceAttributes: { verb, path: target } }
      : { resourceAttributes: await attributesOf(session, verb, target, namespace) };
    const client = await session.client();
    const review = (await client.raw({
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      body: { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", metadata: {}, spec },
    })) as { status?: { allowed?: boolean; reason?: string; evaluationError?: string } };
    const { allowed = false, reason = "", evaluationError = "" } = review.status ?? {};
    if (!flags.bool("quiet"))
      session.line(allowed ? "yes" : `no${reason ? ` - ${reason}` : ""}${evaluationError ? ` - ${evaluationError}` : ""}`);
    if (!allowed) throw new SilentExit(1);
  },
};

async function attributesOf(session: Parameters<Command["run"]>[0], verb: string, target: string, namespace: string): Promise<JsonObject> {
  const [type = "", name] = target.split("/");
  const mapper = await session.mapper();
  const known = type === "*" ? undefined : await mapper.byName(type).catch(() => undefined);
  if (known === undefined && type !== "*") session.warn(`Warning: the server doesn't have a resource type '${type}'\n`);
  if (known !== undefined && !known.namespaced && session.hasExplicitNamespace)
    session.warn(`Warning: resource '${known.plural}' is not namespace scoped\n`);
  const { group } = known ?? (type.includes(".") ? { group: type.slice(type.indexOf(".") + 1) } : { group: type === "*" ? "*" : "" });
  const subresource = session.flags.text("subresource");
  return {
    namespace,
    verb,
    group,
    resource: known?.plural ?? type.split(".")[0] ?? "",
    ...(name ? { name } : {}),
    ...(subresource ? { subresource } : {}),
  };
}

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

async function listRules(session: Parameters<Command["run"]>[0], namespace: string): Promise<void> {
  const client = await session.client();
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", metadata: {}, spec: { namespace } };
  const { status = {} } = (await client.raw({ method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body })) as {
    status?: { resourceRules?: Rule[]; nonResourceRules?: Rule[]; incomplete?: boolean; evaluationError?: string };
  };
  const rows = [...resourceRows(status.resourceRules ?? []), ...urlRows(status.nonResourceRules ?? [])]
    .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
    .map(({ cells }) => cells);
  const heading = session.flags.bool("no-headers") ? [] : [["Resources", "Non-Resource URLs", "Resource Names", "Verbs"]];
  session.io.stdout(alignRows([...heading, ...rows]));
  if (status.incomplete) session.warn(`warning: the list may be incomplete: ${status.evaluationError ?? ""}`);
}

interface RuleRow {
  readonly cells: readonly string[];
  /** kubectl sorts rules by their text, which begins with the verbs. */
  readonly order: string;
}

const words = (values: readonly string[]): string => `[${values.join(" ")}]`;

/** One row for each resource, with the verbs of all rules about it. */
function resourceRows(rules: readonly Rule[]): RuleRow[] {
  const verbs = new Map<string, { group: string; resource: string; names: readonly string[]; verbs: Set<string> }>();
  for (const rule of rules)
    for (const group of rule.apiGroups ?? [""])
      for (const resource of rule.resources ?? []) {
        const names = rule.resourceNames ?? [];
        const key = JSON.stringify([group, resource, names]);
        const entry = verbs.get(key) ?? { group, resource, names, verbs: new Set<string>() };
        for (const verb of rule.verbs) entry.verbs.add(verb);
        verbs.set(key, entry);
      }
  return Array.from(verbs.values(), (entry) => {
    const all = words([...entry.verbs]);
    const name = entry.group === "" ? entry.resource : `${entry.resource}.${entry.group}`;
    return {
      cells: [name, "[]", words(entry.names), all],
      order: `${all},[${entry.group}],${words([entry.resource])},${words(entry.names)}`,
    };
  });
}

/** One row for each path, even when two rules are about it. */
function urlRows(rules: readonly Rule[]): RuleRow[] {
  return rules.flatMap((rule) =>
    (rule.nonResourceURLs ?? []).flatMap((url) =>
      rule.verbs.map((verb) => ({ cells: ["", `[${url}]`, "[]", `[${verb}]`], order: `[${verb}],[],[],[],[${url}],` })),
    ),
  );
}

/** `kubectl auth whoami`. */
const whoAmI: Command = {
  name: "auth whoami",
  summary: "Experimental: Check self subject attributes",
  usage: "[options]",
  flags: OUTPUT_FLAGS,
  async run(session) {
    const client = await session.client();
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview", metadata: {} };
    const review = (await client.raw({ method: "POST", path: "/apis/authentication.k8s.io/v1/selfsubjectreviews", body })) as JsonObject & {
      status?: { userInfo?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> } };
    };
    const output = session.flags.text("output");
    if (output === "json") session.io.stdout(jsonText(review as JsonValue));
    else if (output === "yaml") session.io.stdout(yamlText(review as JsonValue));
    else {
      const { username = "", uid, groups, extra = {} } = review.status?.userInfo ?? {};
      const rows = [
        ["ATTRIBUTE", "VALUE"],
        ["Username", username],
      ];
      if (uid) rows.push(["UID", uid]);
      if (groups) rows.push(["Groups", `[${groups.join(" ")}]`]);
      for (const [key, values] of Object.entries(extra)) rows.push([`Extra: ${key}`, `[${values.join(" ")}]`]);
      session.io.stdout(alignRows(rows));
    }
  },
};

/** `kubectl auth …`. */
export const authCommands: readonly Command[] = [canI, whoAmI];

import { basename } from "node:path/posix";
import { parseDuration } from "@skiff/base";
import type { JsonObject, JsonValue, KubeObject } from "@skiff/api";
import type { Command } from "../command.ts";
import { dryRunOf } from "../dry-run.ts";
import type { Flags, FlagDefinitions } from "../flags.ts";
import { containerName, containerOf } from "../generators/pod-template.ts";
import { OUTPUT_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError } from "../kubectl-error.ts";
import type { SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";
import { createObject, WriteReport } from "../written-objects.ts";
import { withLastApplied } from "./apply.ts";

/** What a generator makes: an object without a namespace. */
type Generate = (session: Session, name: string) => object | Promise<object>;

/** Sends a generated object, or prints it with `--dry-run=client`. Answers it as the server has it. */
export async function createGenerated(
  session: Session,
  generated: JsonObject,
  options: { readonly manager?: string; readonly outcome?: string } = {},
): Promise<KubeObject & JsonObject> {
  const { flags } = session;
  const mapper = await session.mapper();
  const source = generated as KubeObject & JsonObject;
  const resource = await mapper.byKind(source.apiVersion ?? "", source.kind ?? "");
  const namespace = resource.namespaced ? await session.namespace() : undefined;
  // Without -n the namespace is left out of what is printed, so that the manifest fits everywhere.
  const placed =
    namespace !== undefined && (session.hasExplicitNamespace || dryRunOf(flags) !== "client")
      ? { ...source, metadata: { ...source.metadata, namespace } }
      : source;
  const saved =
    flags.maybe("save-config") !== undefined && flags.bool("save-config") ? withLastApplied(placed as KubeObject & JsonObject) : placed;
  const selected: SelectedObject = { resource, namespace, name: source.metadata?.name ?? "", object: saved as KubeObject & JsonObject };
  const object = dryRunOf(flags) === "client" ? selected.object : await createObject(session, selected, options.manager);
  await new WriteReport(session).report(
    { ...selected, name: object.metadata?.name ?? selected.name },
    object,
    options.outcome ?? "created",
  );
  return object;
}

function generator(name: string, summary: string, flags: FlagDefinitions, generate: Generate, aliases: readonly string[] = []): Command {
  return {
    name: `create ${name}`,
    aliases: aliases.map((alias) => `create ${alias}`),
    summary,
    usage: "NAME [options]",
    flags: {
      ...OUTPUT_FLAGS,
      ...WRITE_FLAGS,
      "save-config": { type: "bool", help: "If true, the configuration of current object will be saved in its annotation." },
      ...flags,
    },
    async run(session) {
      const [objectName, ...more] = session.flags.args;
      if (objectName === undefined || (more.length > 0 && name !== "service clusterip")) {
        throw new KubectlError(
          `exactly one NAME is required, got ${session.flags.args.length}\nSee 'kubectl create ${name} -h' for help and examples`,
        );
      }
      await createGenerated(session, (await generate(session, objectName)) as JsonObject);
    },
  };
}

const text = (help: string): FlagDefinitions[string] => ({ type: "string", help });
const array = (help: string): FlagDefinitions[string] => ({ type: "array", help });
const list = (help: string): FlagDefinitions[string] => ({ type: "list", help });

function required(flags: Flags, name: string): string {
  const value = flags.text(name);
  if (value === "") throw new KubectlError(`required flag(s) "${name}" not set`);
  return value;
}

/** `--from-literal`, `--from-file`, `--from-env-file`, in bytes. */
async function dataOf(session: Session): Promise<Map<string, Buffer>> {
  const { flags, io } = session;
  const data = new Map<string, Buffer>();
  const add = (key: string, value: Buffer): void => {
    if (data.has(key)) throw new KubectlError(`cannot add key "${key}", another key by that name already exists in Data for object`);
    data.set(key, value);
  };
  const read = async (path: string): Promise<Buffer> => {
    const bytes = await io.files.readBytes(path);
    if (bytes === undefined) throw new KubectlError(`error reading ${path}: no such file or directory`);
    return Buffer.from(bytes);
  };
  for (const source of flags.list("from-file")) {
    const equals = source.indexOf("=");
    const path = source.slice(equals + 1);
    const entries = equals < 0 ? await io.files.list(path) : undefined;
    if (entries === undefined) add(equals < 0 ? basename(path) : source.slice(0, equals), await read(path));
    for (const entry of entries ?? []) if (!entry.isDirectory) add(entry.name, await read(`${path}/${entry.name}`));
  }
  for (const literal of flags.list("from-literal")) {
    const equals = literal.indexOf("=");
    if (equals < 0) throw new KubectlError(`invalid literal source ${literal}, expected key=value`);
    add(literal.slice(0, equals), Buffer.from(literal.slice(equals + 1)));
  }
  for (const path of flags.list("from-env-file")) {
    for (const line of (await read(path)).toString("utf8").split(/\r?\n/)) {
      const trimmed = line.trimStart();
      if (trimmed === "" || trimmed.startsWith("#")) continue;
      const equals = trimmed.indexOf("=");
      if (equals < 0) add(trimmed, Buffer.from(io.env[trimmed] ?? ""));
      else add(trimmed.slice(0, equals), Buffer.from(trimmed.slice(equals + 1)));
    }
  }
  return data;
}

const DATA_FLAGS: FlagDefinitions = {
  "from-literal": array("Specify a key and literal value (i.e. mykey=somevalue)"),
  "from-file": array("Key file can be specified using its file path, optionally with a key before it"),
  "from-env-file": array("Specify the path to a file to read lines of key=val pairs."),
  "append-hash": { type: "bool", help: "Not done; use kubectl.", hidden: true },
};

const base64 = (data: ReadonlyMap<string, Buffer>): JsonObject =>
  Object.fromEntries([...data].map(([key, value]) => [key, value.toString("base64")]));

const configMap = generator(
  "configmap",
  "Create a config map from a local file, directory or literal value",
  DATA_FLAGS,
  async (session, name) => {
    const data: JsonObject = {};
    const binaryData: JsonObject = {};
    for (const [key, value] of await dataOf(session)) {
      const decoded = value.toString("utf8");
      if (Buffer.from(decoded).equals(value)) data[key] = decoded;
      else binaryData[key] = value.toString("base64");
    }
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name },
      ...(Object.keys(data).length > 0 ? { data } : {}),
      ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}),
    };
  },
  ["cm"],
);

const secretGeneric = generator(
  "secret generic",
  "Create a secret from a local file, directory, or literal value",
  { ...DATA_FLAGS, type: text("The type of secret to create") },
  async (session, name) => {
    const type = session.flags.text("type");
    const data = base64(await dataOf(session));
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      ...(Object.keys(data).length > 0 ? { data } : {}),
      ...(type ? { type } : {}),
    };
  },
);

const secretTls = generator(
  "secret tls",
  "Create a TLS secret",
  { cert: text("Path to PEM encoded public key certificate."), key: text("Path to private key associated with given certificate.") },
  async (session, name) => {
    const data = new Map<string, Buffer>();
    for (const [flag, key] of [
      ["cert", "tls.crt"],
      ["key", "tls.key"],
    ] as const) {
      const path = required(session.flags, flag);
      const bytes = await session.io.files.readBytes(path);
      if (bytes === undefined) throw new KubectlError(`open ${path}: no such file or directory`);
      data.set(key, Buffer.from(bytes));
    }
    return { apiVersion: "v1", kind: "Secret", metadata: { name }, type: "kubernetes.io/tls", data: base64(data) };
  },
);

const secretRegistry = generator(
  "secret docker-registry",
  "Create a secret for use with a Docker registry",
  {
    "docker-username": text("Username for Docker registry authentication"),
    "docker-password": text("Password"),
    "docker-email": text("Email"),
    "docker-server": { type: "string", default: "https://index.docker.io/v1/", help: "Server location for Docker registry" },
  },
  ({ flags }, name) => {
    const [username, password] = [required(flags, "docker-username"), required(flags, "docker-password")];
    const email = flags.text("docker-email");
    const entry = { username, password, ...(email ? { email } : {}), auth: Buffer.from(`${username}:${password}`).toString("base64") };
    const config = JSON.stringify({ auths: { [flags.text("docker-server")]: entry } });
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from(config).toString("base64") },
    };
  },
);

const namespace = generator(
  "namespace",
  "Create a namespace with the specified name",
  {},
  (_session, name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name }, spec: {}, status: {} }),
  ["ns"],
);
const serviceAccount = generator(
  "serviceaccount",
  "Create a service account with the specified name",
  {},
  (_session, name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } }),
  ["sa"],
);

const deployment = generator(
  "deployment",
  "Create a deployment with the specified name",
  {
    image: array("Image names to run."),
    port: { type: "string", default: "-1", help: "The containerPort that this deployment exposes." },
    replicas: { short: "r", type: "string", default: "1", help: "Number of replicas to create." },
  },
  ({ flags }, name) => {
    const images = flags.list("image");
    if (images.length === 0) throw new KubectlError('required flag(s) "image" not set');
    const command = flags.afterDash ?? [];
    if (images.length > 1 && command.length > 0) throw new KubectlError("cannot specify multiple --image options and command");
    const port = flags.integer("port");
    const containers = images.map((image): JsonValue =>
      containerOf(containerName(image), image, { command: [...command], ports: port > 0 ? [{ containerPort: port }] : [] }),
    );
    const labels = { app: name };
    return {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, labels },
      spec: {
        replicas: flags.integer("replicas"),
        selector: { matchLabels: labels },
        strategy: {},
        template: { metadata: { labels }, spec: { containers } },
      },
      status: {},
    };
  },
  ["deploy"],
);

function serviceGenerator(kind: string, type: string): Command {
  const flags: FlagDefinitions = {
    tcp: list("Port pairs can be specified as '<port>:<targetPort>'."),
    ...(kind === "nodeport"
      ? { "node-port": { type: "string" as const, default: "0", help: "Port used to expose the service on each node in a cluster." } }
      : {}),
    ...(kind === "clusterip"
      ? { clusterip: text("Assign your own ClusterIP or set to 'None' for a 'headless' service (no loadbalancing).") }
      : {}),
    ...(kind === "externalname" ? { "external-name": text("External name of service") } : {}),
  };
  return generator(
    `service ${kind}`,
    `Create a ${kind} service`,
    flags,
    ({ flags: given }, name) => {
      const clusterIP = kind === "clusterip" ? given.text("clusterip") : "";
      const ports = given.list("tcp").map((pair): JsonObject => {
        const [port = "", target = port] = pair.split(":");
        const nodePort = kind === "nodeport" ? given.integer("node-port") : 0;
        return {
          name: pair.replace(":", "-"),
          port: Number(port),
          protocol: "TCP",
          targetPort: /^\d+$/.test(target) ? Number(target) : target,
          ...(nodePort > 0 ? { nodePort } : {}),
        };
      });
      if (ports.length === 0 && clusterIP !== "None" && kind !== "externalname")
        throw new KubectlError("at least one tcp port specifier must be provided");
      const externalName = kind === "externalname" ? { externalName: required(given, "external-name") } : {};
      return {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name, labels: { app: name } },
        spec: {
          ...(clusterIP ? { clusterIP } : {}),
          ...externalName,
          ...(ports.length > 0 ? { ports } : {}),
          selector: { app: name },
          type,
        },
        status: { loadBalancer: {} },
      };
    },
    [`svc ${kind}`],
  );
}

function rules({ flags }: Session): JsonValue[] {
  const verbs = flags.list("verb");
  const resources = flags.list("resource");
  const urls = flags.maybe("non-resource-url") === undefined ? [] : flags.list("non-resource-url");
  if (verbs.length === 0) throw new KubectlError("at least one verb must be specified");
  if (resources.length + urls.length === 0) throw new KubectlError("one of resource or nonResourceURL must be specified");
  const byGroup = new Map<string, string[]>();
  for (const resource of resources) {
    const [path = "", subresource] = resource.split("/");
    const [plural = "", ...group] = path.split(".");
    const key = group.join(".");
    byGroup.set(key, [...(byGroup.get(key) ?? []), subresource === undefined ? plural : `${plural}/${subresource}`]);
  }
  const names = flags.list("resource-name");
  const found: JsonValue[] = [...byGroup].map(([group, members]): JsonValue => ({
    apiGroups: [group],
    resources: members,
    ...(names.length > 0 ? { resourceNames: [...names] } : {}),
    verbs: [...verbs],
  }));
  if (urls.length > 0) found.push({ nonResourceURLs: [...urls], verbs: [...verbs] });
  return found;
}

const RULE_FLAGS: FlagDefinitions = {
  verb: list("Verb that applies to the resources contained in the rule"),
  resource: list("Resource that the rule applies to"),
  "resource-name": array("Resource in the white list that the rule applies to, repeat this flag for multiple items"),
};

/** Names such as `deploy` or `Pods` as the plural with its group, which is what rules carry. */
async function canonicalRules(session: Session): Promise<JsonValue[]> {
  const mapper = await session.mapper();
  const found: JsonValue[] = [];
  for (const rule of rules(session) as JsonObject[]) {
    const groups = new Map<string, string[]>();
    for (const word of (rule.resources ?? []) as string[]) {
      const [plural = "", subresource] = word.split("/");
      const group = (rule.apiGroups as string[])[0] ?? "";
      const known = plural === "*" ? undefined : await mapper.byName(group ? `${plural}.${group}` : plural);
      const name = known?.plural ?? plural;
      const key = known?.group ?? group;
      groups.set(key, [...(groups.get(key) ?? []), subresource === undefined ? name : `${name}/${subresource}`]);
    }
    if (groups.size === 0) found.push(rule);
    for (const [group, resources] of groups) found.push({ ...rule, apiGroups: [group], resources });
  }
  return found;
}

const role = generator("role", "Create a role with single rule", RULE_FLAGS, async (session, name) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name },
  rules: await canonicalRules(session),
}));
const clusterRole = generator(
  "clusterrole",
  "Create a cluster role",
  { ...RULE_FLAGS, "non-resource-url": list("A partial url that user should have access to.") },
  async (session, name) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name },
    rules: await canonicalRules(session),
  }),
);

function subjects({ flags }: Session): JsonValue[] {
  const of =
    (kind: string) =>
    (name: string): JsonValue => ({ apiGroup: "rbac.authorization.k8s.io", kind, name });
  const accounts = flags.list("serviceaccount").map((account): JsonValue => {
    const [namespace = "", name, ...more] = account.split(":");
    if (name === undefined || more.length > 0 || name === "") throw new KubectlError(`serviceaccount must be <namespace>:<name>`);
    return { kind: "ServiceAccount", name, namespace };
  });
  return [...flags.list("user").map(of("User")), ...flags.list("group").map(of("Group")), ...accounts];
}

const SUBJECT_FLAGS: FlagDefinitions = {
  clusterrole: text("ClusterRole this RoleBinding should reference"),
  user: array("Usernames to bind to the role."),
  group: array("Groups to bind to the role."),
  serviceaccount: array("Service accounts to bind to the role, in the format <namespace>:<name>."),
};
const roleBinding = generator(
  "rolebinding",
  "Create a role binding for a particular role or cluster role",
  { ...SUBJECT_FLAGS, role: text("Role this RoleBinding should reference") },
  (session, name) => {
    const { flags } = session;
    if (flags.has("role") === flags.has("clusterrole")) throw new KubectlError("exactly one of clusterrole or role must be specified");
    const roleRef = {
      apiGroup: "rbac.authorization.k8s.io",
      kind: flags.has("role") ? "Role" : "ClusterRole",
      name: flags.text("role") || flags.text("clusterrole"),
    };
    return { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: { name }, roleRef, subjects: subjects(session) };
  },
);
const clusterRoleBinding = generator(
  "clusterrolebinding",
  "Create a cluster role binding for a particular cluster role",
  SUBJECT_FLAGS,
  (session, name) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: required(session.flags, "clusterrole") },
    subjects: subjects(session),
  }),
);

const job = generator(
  "job",
  "Create a job with the specified name",
  { image: text("Image name to run."), from: text("The name of the resource to create a Job from (only cronjob is supported).") },
  async (session, name) => {
    const { flags } = session;
    if (flags.has("image") === flags.has("from")) throw new KubectlError("either --image or --from must be specified");
    if (flags.has("image")) {
      const template = {
        metadata: {},
        spec: { containers: [containerOf(name, flags.text("image"), { command: [...(flags.afterDash ?? [])] })], restartPolicy: "Never" },
      };
      return { apiVersion: "batch/v1", kind: "Job", metadata: { name }, spec: { template }, status: {} };
    }
    const [type, source = ""] = flags.text("from").split("/");
    const resource = await (await session.mapper()).byName(type ?? "");
    if (resource.kind !== "CronJob") throw new KubectlError(`from must be an existing cronjob`);
    const cronJob = await session.get(resource, await session.namespace(), source);
    const template = (cronJob.spec as { jobTemplate?: { metadata?: JsonObject; spec?: JsonObject } }).jobTemplate ?? {};
    const owner = { apiVersion: "batch/v1", kind: "CronJob", name: source, uid: cronJob.metadata?.uid ?? "", controller: true };
    const annotations = {
      "cronjob.kubernetes.io/instantiate": "manual",
      ...(template.metadata?.annotations as JsonObject | undefined),
    };
    return {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, annotations, labels: template.metadata?.labels ?? {}, ownerReferences: [owner] },
      spec: template.spec ?? {},
      status: {},
    };
  },
);

const cronJob = generator(
  "cronjob",
  "Create a cron job with the specified name",
  {
    image: text("Image name to run."),
    schedule: text("A schedule in the Cron format the job should be run with."),
    restart: text("job's restart policy. supported values: OnFailure, Never"),
  },
  ({ flags }, name) => {
    const spec = {
      containers: [containerOf(name, required(flags, "image"), { command: [...(flags.afterDash ?? [])] })],
      restartPolicy: flags.text("restart") || "OnFailure",
    };
    return {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name },
      spec: { jobTemplate: { metadata: { name }, spec: { template: { metadata: {}, spec } } }, schedule: required(flags, "schedule") },
      status: {},
    };
  },
  ["cj"],
);

const pairsOf = (given: string): JsonObject =>
  Object.fromEntries(
    given
      .split(",")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const [key = "", value] = pair.split("=");
        if (value === undefined) throw new KubectlError(`invalid argument syntax ${pair}, expected <resource>=<value>`);
        return [key, value];
      }),
  );

const quota = generator(
  "quota",
  "Create a quota with the specified name",
  {
    hard: text("A comma-delimited set of resource=quantity pairs that define a hard limit."),
    scopes: text("A comma-delimited set of quota scopes that must all match each object tracked by the quota."),
  },
  ({ flags }, name) => ({
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name },
    spec: {
      ...(flags.text("hard") ? { hard: pairsOf(flags.text("hard")) } : {}),
      ...(flags.text("scopes") ? { scopes: flags.text("scopes").split(",") } : {}),
    },
    status: {},
  }),
  ["resourcequota"],
);

const priorityClass = generator(
  "priorityclass",
  "Create a priority class with the specified name",
  {
    value: text("the value of this priority class."),
    "global-default": { type: "bool", help: "whether this PriorityClass should be considered as the default priority." },
    description: text("description is an arbitrary string that usually provides guidelines on when this priority class should be used."),
    "preemption-policy": { type: "string", default: "PreemptLowerPriority", help: "the policy for preempting pods with lower priority." },
  },
  ({ flags }, name) => ({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value: flags.has("value") ? flags.integer("value") : 0,
    ...(flags.bool("global-default") ? { globalDefault: true } : {}),
    ...(flags.text("description") === "" ? {} : { description: flags.text("description") }),
    preemptionPolicy: flags.text("preemption-policy"),
  }),
  ["pc"],
);

const pdb = generator(
  "poddisruptionbudget",
  "Create a pod disruption budget with the specified name",
  {
    "min-available": text("The minimum number or percentage of available pods."),
    "max-unavailable": text("The maximum number or percentage of unavailable pods."),
    selector: text("A label selector to use for this budget."),
  },
  ({ flags }, name) => {
    const amount = (given: string): JsonValue => (/^\d+$/.test(given) ? Number(given) : given);
    if (flags.has("min-available") === flags.has("max-unavailable"))
      throw new KubectlError(
        flags.has("min-available")
          ? "min-available and max-unavailable cannot be both specified"
          : "one of min-available or max-unavailable must be specified",
      );
    const limit = flags.has("min-available")
      ? { minAvailable: amount(flags.text("min-available")) }
      : { maxUnavailable: amount(flags.text("max-unavailable")) };
    return {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name },
      spec: { ...limit, selector: { matchLabels: pairsOf(required(flags, "selector")) } },
      status: { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
    };
  },
  ["pdb"],
);

const ingress = generator(
  "ingress",
  "Create an ingress with the specified name",
  {
    class: text("Ingress Class to be used"),
    rule: array("Rule in format host/path=service:port[,tls=secretname]"),
    annotation: array("Annotation to insert in the ingress object, in the format annotation=value"),
    "default-backend": text("Default service for backend, in format of svcname:port"),
  },
  ({ flags }, name) => {
    const backend = (given: string): JsonObject => {
      const [service = "", port = ""] = given.split(":");
      return { service: { name: service, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
    };
    const hosts = new Map<string, JsonValue[]>();
    const tls: JsonValue[] = [];
    for (const rule of flags.list("rule")) {
      const [, host = "", path = "", target = "", secret] = /^([^/=]*)(\/[^=]*)=([^,]+)(?:,tls(?:=(.*))?)?$/.exec(rule) ?? [];
      if (target === "") throw new KubectlError(`rule ${rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`);
      const isPrefix = path.endsWith("*");
      hosts.set(host, [
        ...(hosts.get(host) ?? []),
        { backend: backend(target), path: isPrefix ? path.slice(0, -1) : path, pathType: isPrefix ? "Prefix" : "Exact" },
      ]);
      if (/,tls/.test(rule)) tls.push({ ...(host ? { hosts: [host] } : {}), ...(secret ? { secretName: secret } : {}) });
    }
    if (hosts.size === 0 && !flags.has("default-backend"))
      throw new KubectlError(
        "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
      );
    const annotations = Object.fromEntries(
      flags.list("annotation").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    );
    const spec: JsonObject = {
      ...(flags.has("class") ? { ingressClassName: flags.text("class") } : {}),
      ...(flags.has("default-backend") ? { defaultBackend: backend(flags.text("default-backend")) } : {}),
      ...(hosts.size > 0 ? { rules: [...hosts].map(([host, paths]) => ({ ...(host ? { host } : {}), http: { paths } })) } : {}),
      ...(tls.length > 0 ? { tls } : {}),
    };
    return {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
      spec,
      status: { loadBalancer: {} },
    };
  },
  ["ing"],
);

/** `kubectl create token`. */
const token: Command = {
  name: "create token",
  summary: "Request a service account token",
  usage: "SERVICE_ACCOUNT_NAME [options]",
  flags: {
    ...OUTPUT_FLAGS,
    audience: array("Audience of the requested token."),
    duration: { type: "string", default: "0s", help: "Requested lifetime of the issued token." },
    "bound-object-kind": text("Kind of an object to bind the token to."),
    "bound-object-name": text("Name of an object to bind the token to."),
    "bound-object-uid": text("UID of an object to bind the token to."),
  },
  async run(session) {
    const { flags } = session;
    const [name] = flags.args;
    if (name === undefined) throw new KubectlError("service account name must be specified");
    const lifetimeMs = parseDuration(flags.text("duration"));
    const accounts = await (await session.mapper()).byKind("v1", "ServiceAccount");
    const bound = flags.text("bound-object-kind");
    const boundObjectRef =
      bound === ""
        ? undefined
        : {
            kind: bound,
            apiVersion: "v1",
            name: flags.text("bound-object-name"),
            ...(flags.has("bound-object-uid") ? { uid: flags.text("bound-object-uid") } : {}),
          };
    const body = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: {
        audiences: [...flags.list("audience")],
        ...(lifetimeMs > 0 ? { expirationSeconds: Math.round(lifetimeMs / 1000) } : {}),
        ...(boundObjectRef ? { boundObjectRef } : {}),
      },
    };
    const answer = (await session.request(
      accounts,
      { namespace: await session.namespace(), name, subresource: "token" },
      { method: "POST", body },
    )) as JsonObject & { status?: { token?: string } };
    const { objectPrinter } = await import("../printers/object-printer.ts");
    const printer = await objectPrinter(session, flags);
    session.io.stdout(printer?.print(answer, "") ?? `${answer.status?.token ?? ""}\n`);
  },
};

/** `kubectl create TYPE …`. */
export const createGenerators: readonly Command[] = [
  clusterRole,
  clusterRoleBinding,
  configMap,
  cronJob,
  deployment,
  ingress,
  job,
  namespace,
  pdb,
  priorityClass,
  quota,
  role,
  roleBinding,
  secretGeneric,
  secretRegistry,
  secretTls,
  serviceGenerator("clusterip", "ClusterIP"),
  serviceGenerator("externalname", "ExternalName"),
  serviceGenerator("loadbalancer", "LoadBalancer"),
  serviceGenerator("nodeport", "NodePort"),
  serviceAccount,
  token,
];

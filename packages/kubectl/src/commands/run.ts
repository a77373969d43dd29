import { sleep } from "@skiff/base";
import type { JsonObject, Pod, Service } from "@skiff/api";
import type { Command } from "../command.ts";
import { dryRunOf } from "../dry-run.ts";
import { containerOf, parseEnv, parseLabels } from "../generators/pod-template.ts";
import { controllerOf, runGenerator } from "../generators/run-generator.ts";
import { FILE_FLAGS, OUTPUT_FLAGS, SELECTOR_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError, SilentExit } from "../kubectl-error.ts";
import { selectObjects, type SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";
import { createGenerated } from "./create/create-generated.ts";
import { attachTo, localStreams } from "./exec.ts";
import { mergedObject } from "../changed-objects.ts";
import { resourcePath } from "@skiff/api";

const POLL_MS = 250;

/** `kubectl run`. */
export const runCommand: Command = {
  name: "run",
  summary: "Run a particular image on the cluster",
  usage:
    'NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...] [options]',
  flags: {
    ...OUTPUT_FLAGS,
    ...WRITE_FLAGS,
    annotations: { type: "array", help: "Annotations to apply to the pod." },
    attach: { type: "bool", help: "If true, wait for the Pod to start running, and then attach to the Pod." },
    command: {
      type: "bool",
      help: "If true and extra arguments are present, use them as the 'command' field in the container, rather than the 'args' field.",
    },
    env: { type: "array", help: "Environment variables to set in the container." },
    generator: {
      type: "string",
      help: "The name of the generator of kubectl before 1.18: run-pod/v1, deployment/apps.v1, job/v1.",
      hidden: true,
    },
    expose: { type: "bool", help: "If true, create a ClusterIP service associated with the pod. Requires `--port`." },
    image: { type: "string", help: "The image for the container to run." },
    "image-pull-policy": { type: "string", help: "The image pull policy for the container." },
    labels: { short: "l", type: "string", help: "Comma separated labels to apply to the pod." },
    "leave-stdin-open": { type: "bool", help: "Not used", hidden: true },
    overrides: { type: "string", help: "An inline JSON override for the generated object." },
    "override-type": { type: "string", default: "merge", help: "The method used to override the generated object: merge." },
    "pod-running-timeout": { type: "string", default: "1m0s", help: "The length of time to wait until the pod is running" },
    port: { type: "string", help: "The port that this container exposes." },
    privileged: { type: "bool", help: "If true, run the container in privileged mode." },
    quiet: { short: "q", type: "bool", help: "If true, suppress prompt messages." },
    replicas: { type: "string", default: "1", help: "Number of replicas of the Deployment that kubectl before 1.18 made.", hidden: true },
    restart: { type: "string", default: "Always", help: "The restart policy for this Pod. Legal values [Always, OnFailure, Never]." },
    rm: { type: "bool", help: "If true, delete the pod after it exits. Only valid when attaching to the container." },
    "save-config": { type: "bool", help: "If true, the configuration of current object will be saved in its annotation." },
    stdin: { short: "i", type: "bool", help: "Keep stdin open on the container in the pod, even if nothing is attached." },
    tty: { short: "t", type: "bool", help: "Allocate a TTY for the container in the pod." },
  },
  async run(session) {
    const { flags } = session;
    const [name, ...args] = flags.args;
    if (name === undefined) throw new KubectlError("NAME is required for run\nSee 'kubectl run -h' for help and examples");
    if (flags.text("image") === "") throw new KubectlError('required flag(s) "image" not set');
    if (!/^[^\s]+$/.test(flags.text("image")))
      throw new KubectlError(`Invalid image name "${flags.text("image")}": invalid reference format`);
    const attach = flags.has("attach") ? flags.bool("attach") : flags.bool("stdin") || flags.bool("tty");
    if (flags.bool("rm") && !attach) throw new KubectlError("--rm should only be used for attached containers");
    if (attach && dryRunOf(flags) !== "none")
      throw new KubectlError("--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)");
    if (flags.bool("expose") && flags.text("port") === "") throw new KubectlError("--port must be set when exposing a service");
    const generator = runGenerator(flags, session.io.env.SKIFF_KUBECTL_VERSION);
    if (attach && generator !== "pod") throw new KubectlError("only a Pod can be attached to: use --restart=Never");
    const pod = podOf(session, name, [...args, ...(flags.afterDash ?? [])]);
    const generated = generator === "pod" ? pod : controllerOf(generator, pod, flags.integer("replicas"));
    const overridden = flags.has("overrides") ? mergedObject(generated, JSON.parse(flags.text("overrides")) as JsonObject) : generated;
    const created =
      attach && flags.text("output") === ""
        ? await createQuietly(session, overridden)
        : await createGenerated(session, overridden, { manager: "kubectl-run" });
    if (flags.bool("expose")) {
      const port = flags.integer("port");
      await createGenerated(
        session,
        {
          apiVersion: "v1",
          kind: "Service",
          metadata: { name },
          spec: { ports: [{ port, protocol: "TCP", targetPort: port }], selector: created.metadata?.labels ?? {} },
          status: { loadBalancer: {} },
        },
        { manager: "kubectl-run" },
      );
    }
    if (attach) await attachAndEnd(session, created as unknown as Pod);
  },
};

function podOf({ flags }: Session, name: string, words: readonly string[]): JsonObject {
  const restartPolicy = flags.text("restart");
  if (!["Always", "OnFailure", "Never"].includes(restartPolicy)) throw new KubectlError(`invalid restart policy: ${restartPolicy}`);
  const labels = flags.text("labels") === "" ? { run: name } : parseLabels(flags.text("labels"));
  const annotations = Object.fromEntries(
    flags.list("annotations").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
  const stdin = flags.bool("stdin");
  const container = {
    ...containerOf(name, flags.text("image"), {
      args: flags.bool("command") ? [] : [...words],
      command: flags.bool("command") ? [...words] : [],
      env: parseEnv(flags.list("env")),
      ports: flags.text("port") === "" ? [] : [{ containerPort: flags.integer("port") }],
    }),
    ...(flags.text("image-pull-policy") ? { imagePullPolicy: flags.text("image-pull-policy") } : {}),
    ...(flags.bool("privileged") ? { securityContext: { privileged: true } } : {}),
    ...(stdin ? { stdin: true, stdinOnce: true } : {}),
    ...(flags.bool("tty") ? { tty: true } : {}),
  };
  const metadata = { ...(Object.keys(annotations).length > 0 ? { annotations } : {}), labels, name };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: { containers: [container], dnsPolicy: "ClusterFirst", restartPolicy },
    status: {},
  };
}

/** A Pod to attach to is not announced: what it prints is all that the user wants to see. */
async function createQuietly(session: Session, pod: JsonObject): Promise<JsonObject & { metadata?: Pod["metadata"] }> {
  const pods = await (await session.mapper()).byKind("v1", "Pod");
  const namespace = await session.namespace();
  return (await session.request(
    pods,
    { namespace },
    { method: "POST", query: { fieldManager: "kubectl-run" }, body: pod },
  )) as JsonObject & { metadata?: Pod["metadata"] };
}

async function attachAndEnd(session: Session, created: Pod): Promise<void> {
  const { flags, io } = session;
  const pods = await (await session.mapper()).byKind("v1", "Pod");
  const { name = "", namespace = "" } = created.metadata ?? {};
  const container = created.spec?.containers[0]?.name ?? name;
  let code = 0;
  try {
    const pod = await waitForPod(
      session,
      namespace,
      name,
      ({ status }) => status?.phase === "Running" || status?.phase === "Succeeded" || status?.phase === "Failed",
      flags.durationMs("pod-running-timeout"),
    );
    if (pod.status?.phase === "Running") {
      if (!flags.bool("quiet") && flags.bool("stdin")) session.warn("If you don't see a command prompt, try pressing enter.");
      await attachTo(session, pod, container, localStreams(session, flags.bool("stdin"), flags.bool("tty"), flags.bool("quiet")));
    } else {
      // It has ended already: its log is what attaching would have shown.
      const transport = await session.transport();
      for await (const chunk of await transport.stream({
        method: "GET",
        path: resourcePath(pods, { namespace, name, subresource: "log" }),
        query: { container },
      }))
        io.stdout(chunk);
    }
    if (flags.text("restart") !== "Always") {
      const ended = await waitForPod(
        session,
        namespace,
        name,
        ({ status }) => status?.phase === "Succeeded" || status?.phase === "Failed",
        flags.durationMs("pod-running-timeout"),
      );
      if (ended.status?.phase === "Failed") {
        code = ended.status.containerStatuses?.[0]?.state?.terminated?.exitCode ?? 1;
        session.warn(`pod ${namespace}/${name} terminated (${ended.status.containerStatuses?.[0]?.state?.terminated?.reason ?? "Error"})`);
      }
    }
  } finally {
    if (flags.bool("rm")) {
      await session.request(
        pods,
        { namespace, name },
        { method: "DELETE", body: { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background" }, signal: undefined },
      );
      if (!flags.bool("quiet")) session.line(`pod "${name}" deleted from ${namespace} namespace`);
    }
  }
  if (code !== 0) throw new SilentExit(code);
}

async function waitForPod(session: Session, namespace: string, name: string, done: (pod: Pod) => boolean, limitMs: number): Promise<Pod> {
  const { clock } = session.io.host;
  const pods = await (await session.mapper()).byKind("v1", "Pod");
  const endMs = clock.monotonic() + limitMs;
  for (;;) {
    const pod = (await session.get(pods, namespace, name)) as unknown as Pod;
    if (done(pod)) return pod;
    if (clock.monotonic() >= endMs) throw new KubectlError("timed out waiting for the condition");
    await sleep(clock, POLL_MS, session.io.signal);
  }
}

/** `kubectl expose`. */
export const exposeCommand: Command = {
  name: "expose",
  summary: "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
  usage:
    "(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type] [options]",
  flags: {
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    ...WRITE_FLAGS,
    "cluster-ip": { type: "string", help: "ClusterIP to be assigned to the service." },
    "external-ip": { type: "string", help: "Additional external IP address to be accepted by the service." },
    labels: { short: "l", type: "string", help: "Labels to apply to the service created by this call." },
    "load-balancer-ip": { type: "string", help: "IP to assign to the LoadBalancer." },
    name: { type: "string", help: "The name for the newly created object." },
    port: { type: "string", help: "The port that the service should serve on." },
    protocol: { type: "string", help: "The network protocol for the service to be created. Default is 'TCP'." },
    "save-config": { type: "bool", help: "If true, the configuration of current object will be saved in its annotation." },
    selector: { ...SELECTOR_FLAGS.selector!, short: undefined, help: "A label selector to use for this service." },
    "session-affinity": {
      type: "string",
      help: "If non-empty, set the session affinity for the service to this; legal values: 'None', 'ClientIP'",
    },
    "target-port": { type: "string", help: "Name or number for the port on the container that the service should direct traffic to." },
    type: { type: "string", help: "Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'." },
  },
  async run(session) {
    const { flags } = session;
    const words = flags.args;
    if (words.length === 0 && !flags.has("filename"))
      throw new KubectlError("You must provide one or more resources by argument or filename.");
    // `--selector` is that of the new Service, and picks nothing.
    const own = await selectObjects(session, flags.without("selector"), { words });
    for (const selected of own)
      await createGenerated(session, serviceOf(session, selected), { manager: "kubectl-expose", outcome: "exposed" });
  },
};

function serviceOf({ flags }: Session, { object, resource, name }: SelectedObject): JsonObject {
  const spec = object.spec as
    | {
        selector?: JsonObject & { matchLabels?: JsonObject; matchExpressions?: unknown[] };
        template?: { spec?: Pod["spec"] };
        ports?: Service["spec"];
      }
    | undefined;
  let selector: JsonObject;
  if (flags.text("selector") !== "") selector = parseLabels(flags.text("selector"));
  else if (resource.kind === "Pod") selector = { ...object.metadata?.labels };
  else if (resource.kind === "Service" || resource.kind === "ReplicationController") selector = spec?.selector ?? {};
  else if (resource.kind === "Deployment" || resource.kind === "ReplicaSet") {
    if ((spec?.selector?.matchExpressions ?? []).length > 0)
      throw new KubectlError("couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions");
    selector = spec?.selector?.matchLabels ?? {};
  } else throw new KubectlError(`cannot expose a ${resource.kind}`);
  if (Object.keys(selector).length === 0)
    throw new KubectlError(
      `couldn't retrieve selectors via --selector flag or introspection: the ${resource.kind.toLowerCase()} has no labels and cannot be exposed`,
    );
  const podSpec = resource.kind === "Pod" ? (object as unknown as Pod).spec : spec?.template?.spec;
  const own =
    resource.kind === "Service"
      ? ((object as unknown as Service).spec?.ports ?? []).map(({ port, protocol }) => ({ port, protocol }))
      : (podSpec?.containers ?? []).flatMap(({ ports = [] }) =>
          ports.map(({ containerPort, protocol }) => ({ port: containerPort, protocol })),
        );
  const numbers =
    flags.text("port") === ""
      ? own
      : flags
          .text("port")
          .split(",")
          .map((port) => ({ port: Number(port), protocol: own.find((one) => one.port === Number(port))?.protocol }));
  if (numbers.length === 0) throw new KubectlError("couldn't find port via --port flag or introspection");
  const target = flags.text("target-port");
  const ports = numbers.map(({ port, protocol }, index): JsonObject => ({
    ...(numbers.length > 1 ? { name: `port-${index + 1}` } : {}),
    port,
    protocol: flags.text("protocol") || protocol || "TCP",
    targetPort: target === "" ? port : /^\d+$/.test(target) ? Number(target) : target,
  }));
  const labels = flags.text("labels") === "" ? object.metadata?.labels : parseLabels(flags.text("labels"));
  const type = flags.text("type");
  const optional: Record<string, string> = {
    clusterIP: flags.text("cluster-ip"),
    type,
    sessionAffinity: flags.text("session-affinity"),
    loadBalancerIP: flags.text("load-balancer-ip"),
  };
  const more = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== ""));
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: flags.text("name") || name, ...(labels ? { labels: { ...labels } } : {}) },
    spec: { ...more, ...(flags.text("external-ip") ? { externalIPs: [flags.text("external-ip")] } : {}), ports, selector },
    status: { loadBalancer: {} },
  };
}

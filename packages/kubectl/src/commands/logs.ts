import { isStatus, resourcePath, type KubeList, type Pod, type Query } from "@skiff/api";
import { LineSplitter, type DiscoveredResource } from "@skiff/client";
import type { Command } from "../command.ts";
import { SELECTOR_FLAGS } from "../global-flags.ts";
import { KubectlError, usageError } from "../kubectl-error.ts";
import { containerFor, podsOf } from "../pod-of-object.ts";
import { parseOneObject } from "../resource-arguments.ts";
import type { Session } from "../session.ts";

/** A line that is longer is an error where lines must be told apart. */
const LINE_LIMIT_BYTES = 16 * 1024 * 1024;

/** One stream of log that is fetched. */
interface LogSource {
  readonly pod: Pod;
  readonly container: string;
}

/** `kubectl logs`. */
export const logsCommand: Command = {
  name: "logs",
  aliases: ["log"],
  summary: "Print the logs for a container in a pod",
  usage: "[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [options]",
  flags: {
    selector: SELECTOR_FLAGS.selector!,
    "all-containers": { type: "bool", help: "Get all containers' logs in the pod(s)." },
    "all-pods": { type: "bool", help: "Get logs from all pod(s). Sets prefix to true." },
    container: { short: "c", type: "string", help: "Print the logs of this container" },
    follow: { short: "f", type: "bool", help: "Specify if the logs should be streamed." },
    "ignore-errors": { type: "bool", help: "If watching / following pod logs, allow for any errors that occur to be non-fatal" },
    "insecure-skip-tls-verify-backend": { type: "bool", help: "Skip verifying the identity of the kubelet that logs are requested from." },
    "limit-bytes": { type: "string", default: "0", help: "Maximum bytes of logs to return. Defaults to no limit." },
    "max-log-requests": { type: "string", default: "5", help: "Maximum number of concurrent logs to follow when using by a selector." },
    "pod-running-timeout": { type: "string", default: "20s", help: "Not used", hidden: true },
    prefix: { type: "bool", help: "Prefix each log line with the log source (pod name and container name)" },
    previous: {
      short: "p",
      type: "bool",
      help: "If true, print the logs for the previous instance of the container in a pod if it exists.",
    },
    since: { type: "string", default: "0s", help: "Only return logs newer than a relative duration like 5s, 2m, or 3h." },
    "since-time": { type: "string", help: "Only return logs after a specific date (RFC3339)." },
    tail: {
      type: "string",
      default: "-1",
      help: "Lines of recent log file to display. Defaults to -1 with no selector, showing all log lines otherwise 10.",
    },
    timestamps: { type: "bool", help: "Include timestamps on each line in the log output" },
  },
  async run(session) {
    const { flags } = session;
    const mapper = await session.mapper();
    const pods = await mapper.byKind("v1", "Pod");
    const sources = await sourcesOf(session, pods);
    const prefix = flags.bool("prefix") || flags.bool("all-pods");
    if (!flags.bool("follow")) {
      for (const source of sources) await print(session, pods, source, prefix);
      return;
    }
    const most = flags.integer("max-log-requests");
    if (sources.length > most)
      throw new KubectlError(
        `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${most}, use --max-log-requests to increase the limit`,
      );
    await Promise.all(sources.map((source) => print(session, pods, source, prefix || false)));
  },
};

async function sourcesOf(session: Session, pods: DiscoveredResource): Promise<LogSource[]> {
  const { flags } = session;
  const selector = flags.text("selector");
  let chosen: readonly Pod[];
  let words = flags.args;
  let wanted = flags.text("container");
  if (selector !== "") {
    if (words.length > 0) throw new KubectlError("only a selector (-l) or a POD name is allowed");
    const list = (await session.request(
      pods,
      { namespace: await session.namespace() },
      { query: { labelSelector: selector } },
    )) as KubeList<Pod>;
    chosen = list.items;
    if (chosen.length === 0) session.warn(`No resources found in ${await session.namespace()} namespace.`);
  } else {
    if (words.length === 2 && !words[0]?.includes("/") && wanted === "") {
      wanted = words[1] ?? "";
      words = words.slice(0, 1);
    }
    if (words.length !== 1)
      throw usageError(
        "logs",
        "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command",
      );
    const { resource, name } = await parseOneObject(await session.mapper(), words, "logs", "pods");
    const namespace = await session.namespace();
    const object = await session.get(resource, namespace, name).catch((error: unknown) => {
      if (!isStatus(error, "NotFound")) throw error;
      throw new KubectlError(`error from server (NotFound): ${resource.plural} "${name}" not found in namespace "${namespace}"`, {
        cause: error,
      });
    });
    const found = await podsOf(session, { resource, namespace, name, object });
    const [first] = found;
    if (first === undefined) throw new KubectlError(`no pods found for ${resource.plural}/${name}`);
    if (found.length > 1 && !flags.bool("all-pods")) session.warn(`Found ${found.length} pods, using pod/${first.metadata?.name ?? ""}`);
    chosen = flags.bool("all-pods") ? found : [first];
  }
  if (flags.bool("all-containers") && wanted !== "")
    throw new KubectlError("--all-containers=true should not be specified with container name " + wanted);
  return chosen.flatMap((pod) => {
    if (!flags.bool("all-containers")) return [{ pod, container: containerFor(session, pod, wanted) }];
    const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
    return [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => ({ pod, container: name }));
  });
}

function logQuery({ flags }: Session, container: string): Query {
  const tail = flags.has("tail") || flags.text("selector") === "" ? flags.integer("tail") : 10;
  const sinceMs = flags.durationMs("since");
  if (sinceMs !== 0 && flags.has("since-time")) throw new KubectlError("at most one of `sinceTime` or `sinceSeconds` may be specified");
  return {
    container,
    follow: flags.bool("follow") || undefined,
    previous: flags.bool("previous") || undefined,
    timestamps: flags.bool("timestamps") || undefined,
    insecureSkipTLSVerifyBackend: flags.bool("insecure-skip-tls-verify-backend") || undefined,
    limitBytes: flags.integer("limit-bytes") || undefined,
    tailLines: tail >= 0 ? tail : undefined,
    sinceSeconds: sinceMs > 0 ? Math.ceil(sinceMs / 1000) : undefined,
    sinceTime: flags.maybe("since-time"),
  };
}

async function print(session: Session, pods: DiscoveredResource, { pod, container }: LogSource, prefix: boolean): Promise<void> {
  const { io, flags } = session;
  const { name = "", namespace } = pod.metadata ?? {};
  const path = resourcePath(pods, { namespace, name, subresource: "log" });
  try {
    const transport = await session.transport();
    const stream = await transport.stream({ method: "GET", path, query: logQuery(session, container), signal: io.signal });
    if (!prefix) {
      for await (const chunk of stream) io.stdout(chunk);
      return;
    }
    const lines = new LineSplitter(LINE_LIMIT_BYTES);
    const show = (line: string): void => io.stdout(`[pod/${name}/${container}] ${line}\n`);
    for await (const chunk of stream) for (const line of lines.push(Buffer.from(chunk))) show(line);
    const rest = lines.rest();
    if (rest !== "") show(rest);
  } catch (error) {
    if (!flags.bool("ignore-errors")) throw error;
    session.warn(`error: ${(error as Error).message}`);
  }
}

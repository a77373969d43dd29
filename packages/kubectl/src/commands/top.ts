import { isStatus, Quantity, parseQuantity, type KubeList, type Node, type ObjectMeta } from "@skiff/api";
import type { Command } from "../command.ts";
import { ALL_NAMESPACES, SELECTOR_FLAGS } from "../global-flags.ts";
import { KubectlError } from "../kubectl-error.ts";
import { alignRows } from "../printers/table.ts";
import type { Session } from "../session.ts";

type Usage = Readonly<Record<string, string>>;
interface Metrics {
  readonly metadata?: ObjectMeta;
  readonly usage?: Usage;
  readonly containers?: readonly { readonly name: string; readonly usage: Usage }[];
}

async function fetchMetrics(session: Session, path: string): Promise<readonly Metrics[]> {
  try {
    const answer = await (
      await session.client()
    ).raw({ method: "GET", path: `/apis/metrics.k8s.io/v1beta1${path}`, query: { labelSelector: session.flags.maybe("selector") } });
    return (answer as Partial<KubeList<Metrics>>).items ?? [answer as Metrics];
  } catch (error) {
    if (isStatus(error, "NotFound") && error.status.details?.name === undefined)
      throw new KubectlError("Metrics API not available", { cause: error });
    throw error;
  }
}

const cpu = (amount: Quantity): string => `${amount.milliValue()}m`;
const memory = (amount: Quantity): string => `${amount.value() / (1024n * 1024n)}Mi`;
const percent = (part: Quantity, whole: string | undefined): string =>
  whole === undefined ? "<unknown>" : `${Math.trunc((part.toNumber() / parseQuantity(whole).toNumber()) * 100)}%`;
const amountOf = (usage: Usage | undefined, name: string): Quantity =>
  usage?.[name] === undefined ? Quantity.zero : parseQuantity(usage[name]);

const FLAGS: Command["flags"] = {
  selector: SELECTOR_FLAGS.selector!,
  "no-headers": { type: "bool", help: "If present, print output without headers" },
  "sort-by": { type: "string", help: "If non-empty, sort list using specified field. The field can be either 'cpu' or 'memory'." },
  "use-protocol-buffers": { type: "bool", default: "true", help: "Not used", hidden: true },
};

function sortRows<T extends { readonly name: string; readonly cpu: Quantity; readonly memory: Quantity }>(rows: T[], by: string): T[] {
  return rows.sort((a, b) => (by === "cpu" || by === "memory" ? b[by].compare(a[by]) : a.name < b.name ? -1 : 1));
}

/** `kubectl top node`. */
const topNode: Command = {
  name: "top node",
  aliases: ["top nodes", "top no"],
  summary: "Display resource (CPU/memory) usage of nodes",
  usage: "[NAME | -l label] [options]",
  flags: FLAGS,
  async run(session) {
    const { flags } = session;
    const [name] = flags.args;
    const metrics = await fetchMetrics(session, name === undefined ? "/nodes" : `/nodes/${encodeURIComponent(name)}`);
    if (metrics.length === 0) throw new KubectlError("metrics not available yet");
    const nodes = (await session.request(await (await session.mapper()).byKind("v1", "Node"), {})) as KubeList<Node>;
    const allocatable = new Map(nodes.items.map((node) => [node.metadata?.name ?? "", node.status?.allocatable]));
    const rows = sortRows(
      metrics.map((one) => ({ name: one.metadata?.name ?? "", cpu: amountOf(one.usage, "cpu"), memory: amountOf(one.usage, "memory") })),
      flags.text("sort-by"),
    );
    const cells = rows.map((row) => [
      row.name,
      cpu(row.cpu),
      percent(row.cpu, allocatable.get(row.name)?.cpu),
      memory(row.memory),
      percent(row.memory, allocatable.get(row.name)?.memory),
    ]);
    session.io.stdout(
      alignRows(flags.bool("no-headers") ? cells : [["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"], ...cells]),
    );
  },
};

/** `kubectl top pod`. */
const topPod: Command = {
  name: "top pod",
  aliases: ["top pods", "top po"],
  summary: "Display resource (CPU/memory) usage of pods",
  usage: "[NAME | -l label] [options]",
  flags: {
    ...FLAGS,
    ...ALL_NAMESPACES,
    containers: { type: "bool", help: "If present, print usage of containers within a pod." },
    sum: { type: "bool", help: "Print the sum of the resource usage" },
  },
  async run(session) {
    const { flags } = session;
    const everywhere = flags.bool("all-namespaces");
    const namespace = await session.namespace();
    const [name] = flags.args;
    const metrics = await fetchMetrics(
      session,
      everywhere ? "/pods" : `/namespaces/${encodeURIComponent(namespace)}/pods${name === undefined ? "" : `/${encodeURIComponent(name)}`}`,
    );
    if (metrics.length === 0) {
      session.warn(everywhere ? "No resources found" : `No resources found in ${namespace} namespace.`);
      return;
    }
    const perContainer = flags.bool("containers");
    const rows = metrics.flatMap(({ metadata = {}, containers = [] }) => {
      const of = (list: typeof containers, container: string) => ({
        name: metadata.name ?? "",
        namespace: metadata.namespace ?? "",
        container,
        cpu: list.reduce((sum, { usage }) => sum.add(amountOf(usage, "cpu")), Quantity.zero),
        memory: list.reduce((sum, { usage }) => sum.add(amountOf(usage, "memory")), Quantity.zero),
      });
      return perContainer ? containers.map((one) => of([one], one.name)) : [of(containers, "")];
    });
    const cells = sortRows(rows, flags.text("sort-by")).map((row) => [
      ...(everywhere ? [row.namespace] : []),
      row.name,
      ...(perContainer ? [row.container] : []),
      cpu(row.cpu),
      memory(row.memory),
    ]);
    const heading = [
      ...(everywhere ? ["NAMESPACE"] : []),
      perContainer ? "POD" : "NAME",
      ...(perContainer ? ["NAME"] : []),
      "CPU(cores)",
      "MEMORY(bytes)",
    ];
    const total = (part: "cpu" | "memory"): Quantity => rows.reduce((sum, row) => sum.add(row[part]), Quantity.zero);
    const blanks = heading.slice(2).map(() => "");
    const sums = flags.bool("sum")
      ? [
          [...blanks, "________", "________"],
          [...blanks, cpu(total("cpu")), memory(total("memory"))],
        ]
      : [];
    session.io.stdout(alignRows(flags.bool("no-headers") ? [...cells, ...sums] : [heading, ...cells, ...sums]));
  },
};

/** `kubectl top …`. */
export const topCommands: readonly Command[] = [topNode, topPod];

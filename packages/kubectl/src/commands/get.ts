import type { JsonObject, JsonValue, KubeList, KubeObject, Query, WatchEvent } from "@skiff/api";
import { resourcePath } from "@skiff/api";
import { isTable, tableOf, TABLE_ACCEPT, type DiscoveredResource, type Table, type TableRow } from "@skiff/client";
import { isStatus, StatusError, type Status } from "@skiff/api";
import type { Command } from "../command.ts";
import { ALL_NAMESPACES, FILE_FLAGS, OUTPUT_FLAGS, SELECTOR_FLAGS } from "../global-flags.ts";
import { KubectlError, throwAll } from "../kubectl-error.ts";
import { hasManifests, readManifests } from "../manifest-files.ts";
import { itemsOf, listOf, objectPrinter, outputFormat } from "../printers/object-printer.ts";
import { sortObjects } from "../printers/sort-objects.ts";
import { alignRows, tableCells, type TableOptions } from "../printers/table.ts";
import { parseResourceArguments } from "../resource-arguments.ts";
import { singularName } from "../resource-mapper.ts";
import { objectName, resolveManifest, selectedItem, selectorQuery } from "../selected-objects.ts";
import type { Session } from "../session.ts";

/** One request that `get` makes: an object, or a list. */
interface Fetch {
  readonly resource: DiscoveredResource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

type Answer = Table | KubeList<KubeObject>;

const SUBRESOURCES = ["status", "scale", "resize"];

/** `kubectl get`. */
export const getCommand: Command = {
  name: "get",
  summary: "Display one or many resources",
  usage: "[(-o|--output=)…] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags] [options]",
  flags: {
    ...OUTPUT_FLAGS,
    ...FILE_FLAGS,
    ...SELECTOR_FLAGS,
    ...ALL_NAMESPACES,
    watch: { short: "w", type: "bool", help: "After listing/getting the requested object, watch for changes." },
    "watch-only": { type: "bool", help: "Watch for changes to the requested object(s), without listing/getting first." },
    "output-watch-events": { type: "bool", help: "Output watch event objects when --watch or --watch-only is used." },
    "show-labels": { type: "bool", help: "When printing, show all labels as the last column." },
    "show-kind": { type: "bool", help: "If present, list the resource type for the requested object(s)." },
    "label-columns": { short: "L", type: "list", help: "Labels that are going to be presented as columns." },
    "sort-by": { type: "string", help: "If non-empty, sort list types using this field specification (a JSONPath expression)." },
    "chunk-size": { type: "string", default: "500", help: "Return large lists in chunks rather than all at once. Pass 0 to disable." },
    "no-headers": { type: "bool", help: "When using the default or custom-column output format, don't print headers." },
    "ignore-not-found": { type: "bool", help: "If the requested object does not exist the command will return exit code 0." },
    "server-print": { type: "bool", default: "true", help: "If true, have the server return the appropriate table output." },
    subresource: { type: "string", help: "If specified, gets the subresource of the requested object." },
    raw: { type: "string", help: "Raw URI to request from the server." },
  },
  run: runGet,
};

async function runGet(session: Session): Promise<void> {
  const { flags } = session;
  if (flags.has("raw")) return getRaw(session, flags.text("raw"));
  const subresource = flags.text("subresource");
  if (subresource !== "" && !SUBRESOURCES.includes(subresource)) {
    throw new KubectlError(`invalid subresource value: "${subresource}". Must be one of [${SUBRESOURCES.join(" ")}]`);
  }
  const printer = await objectPrinter(session, flags);
  const { fetches, severalKinds } = await fetchesOf(session);
  if (flags.bool("watch") || flags.bool("watch-only")) return watch(session, fetches);
  if (printer !== undefined) return printObjects(session, fetches, printer);
  await printTables(session, fetches, severalKinds);
}

async function getRaw(session: Session, uri: string): Promise<void> {
  const url = new URL(uri, "https://server");
  const query: Record<string, string> = Object.fromEntries(url.searchParams);
  const transport = await session.transport();
  for await (const chunk of await transport.stream({ method: "GET", path: url.pathname, query })) session.io.stdout(chunk);
}

async function fetchesOf(session: Session): Promise<{ fetches: Fetch[]; severalKinds: boolean }> {
  const { flags } = session;
  const mapper = await session.mapper();
  if (hasManifests(flags)) {
    const fetches: Fetch[] = [];
    for (const manifest of await readManifests(session, flags)) fetches.push(await resolveManifest(session, mapper, manifest));
    return { fetches, severalKinds: new Set(fetches.map(({ resource }) => resource)).size > 1 };
  }
  if (flags.args.length === 0) {
    session.warn(`You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n`);
    throw new KubectlError(
      `Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples`,
    );
  }
  const { targets, severalKinds } = await parseResourceArguments(mapper, flags.args);
  const everywhere = flags.bool("all-namespaces");
  const hasSelector = flags.text("selector") !== "" || flags.text("field-selector") !== "";
  const own = everywhere ? undefined : await session.namespace();
  const fetches = targets.flatMap(({ resource, names }): Fetch[] => {
    const namespace = resource.namespaced ? own : undefined;
    if (names === undefined) return [{ resource, namespace, name: undefined }];
    if (hasSelector) throw new KubectlError("name cannot be provided when a selector is specified");
    if (everywhere && resource.namespaced) throw new KubectlError("a resource cannot be retrieved by name across all namespaces");
    return names.map((name) => ({ resource, namespace, name }));
  });
  return { fetches, severalKinds };
}

/** Fetches one object, or all pages of a list, as one answer. */
async function fetch(
  session: Session,
  { resource, namespace, name }: Fetch,
  accept: string | undefined,
  extra: Query = {},
): Promise<unknown> {
  const { flags } = session;
  const headers = accept === undefined ? undefined : { accept };
  if (name !== undefined) {
    const subresource = flags.text("subresource") || undefined;
    return session.request(resource, { namespace, name, subresource }, { headers, query: extra });
  }
  const limit = flags.integer("chunk-size") || undefined;
  let whole: Answer | undefined;
  let next: string | undefined;
  do {
    const query = { ...selectorQuery(flags), ...extra, limit, continue: next };
    const page = (await session.request(resource, { namespace }, { headers, query })) as Answer;
    if (whole === undefined) whole = page;
    else if (isTable(page) && isTable(whole)) whole = { ...whole, rows: [...whole.rows, ...page.rows] };
    else if (!isTable(page) && !isTable(whole)) whole = { ...whole, items: [...whole.items, ...page.items] };
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return whole;
}

async function printObjects(
  session: Session,
  fetches: readonly Fetch[],
  printer: NonNullable<Awaited<ReturnType<typeof objectPrinter>>>,
): Promise<void> {
  const { flags } = session;
  const errors: unknown[] = [];
  const found: { object: KubeObject & JsonObject; resource: DiscoveredResource }[] = [];
  for (const one of fetches) {
    try {
      const answer = (await fetch(session, one, undefined)) as KubeObject & JsonObject;
      const items = one.name === undefined ? ((answer as unknown as KubeList<KubeObject & JsonObject>).items ?? []) : [answer];
      for (const item of items)
        found.push({ object: one.name === undefined ? selectedItem(one.resource, item).object : item, resource: one.resource });
    } catch (error) {
      if (!(isStatus(error, "NotFound") && flags.bool("ignore-not-found"))) errors.push(error);
    }
  }
  const sorted = flags.text("sort-by") === "" ? found : sortObjects(found, ({ object }) => object, flags.text("sort-by"));
  const objects = sorted.map(({ object }) => object);
  const nameOf = (index: number): string => {
    const { object, resource } = sorted[index]!;
    return objectName({ resource, name: object.metadata?.name ?? "" });
  };
  if (outputFormat(flags) === "name") {
    for (const [index, object] of objects.entries()) session.io.stdout(printer.print(object, nameOf(index)));
  } else if (fetches.length === 1 && fetches[0]?.name !== undefined) {
    if (objects[0] !== undefined) session.io.stdout(printer.print(objects[0], nameOf(0)));
  } else if (objects.length > 0 || !flags.bool("ignore-not-found")) {
    if (objects.length > 0 || errors.length === 0) session.io.stdout(printer.print(listOf(objects), ""));
  }
  throwAll(errors);
}

interface Fetched {
  readonly resource: DiscoveredResource;
  table: Table;
}

async function printTables(session: Session, fetches: readonly Fetch[], severalKinds: boolean): Promise<void> {
  const { flags, io } = session;
  const errors: unknown[] = [];
  const groups: Fetched[] = [];
  const sortBy = flags.text("sort-by");
  for (const one of fetches) {
    try {
      const table = asTable(
        session,
        one.resource,
        await fetch(session, one, acceptOf(session), sortBy === "" ? {} : { includeObject: "Object" }),
      );
      if (table.rows.length === 0) continue;
      const last = groups.at(-1);
      if (last?.resource === one.resource) last.table = { ...last.table, rows: [...last.table.rows, ...table.rows] };
      else groups.push({ resource: one.resource, table });
    } catch (error) {
      if (!(isStatus(error, "NotFound") && flags.bool("ignore-not-found"))) errors.push(error);
    }
  }
  const showKind = severalKinds || flags.bool("show-kind");
  for (const [index, { resource, table }] of groups.entries()) {
    if (index > 0) io.stdout("\n");
    const rows = sortBy === "" ? table.rows : sortObjects(table.rows, ({ object }) => object as unknown as JsonValue, sortBy);
    io.stdout(alignRows(tableCells({ ...table, rows }, tableOptions(session, resource, showKind))));
  }
  if (groups.length === 0 && errors.length === 0 && !flags.bool("ignore-not-found")) {
    const inNamespace = !flags.bool("all-namespaces") && fetches.some(({ resource }) => resource.namespaced);
    session.warn(inNamespace ? `No resources found in ${await session.namespace()} namespace.` : "No resources found");
  }
  throwAll(errors);
}

function acceptOf(session: Session): string | undefined {
  return session.flags.bool("server-print") ? TABLE_ACCEPT : undefined;
}

function asTable(session: Session, resource: DiscoveredResource, answer: unknown): Table {
  return isTable(answer) ? answer : tableOf(resource, answer as KubeObject, session.io.host.clock.now());
}

function tableOptions(session: Session, resource: DiscoveredResource, showKind: boolean): TableOptions {
  const { flags } = session;
  return {
    wide: outputFormat(flags) === "wide",
    noHeaders: flags.bool("no-headers"),
    withNamespace: flags.bool("all-namespaces") && resource.namespaced,
    kindPrefix: showKind ? singularName(resource) : undefined,
    showLabels: flags.bool("show-labels"),
    labelColumns: flags.list("label-columns"),
  };
}

async function watch(session: Session, fetches: readonly Fetch[]): Promise<void> {
  const { flags } = session;
  const [one] = fetches;
  if (one === undefined || fetches.length > 1) throw new KubectlError("you may only specify a single resource type");
  const printer = await objectPrinter(session, flags);
  const accept = printer === undefined ? acceptOf(session) : undefined;
  const show = new WatchPrinter(session, one.resource, printer);
  // A single object is watched through a list that holds it alone, so that its deletion is seen as well.
  const fieldSelector = one.name === undefined ? flags.maybe("field-selector") : `metadata.name=${one.name}`;
  if (one.name !== undefined) await session.get(one.resource, one.namespace, one.name);
  const list = (await fetch(session, { ...one, name: undefined }, accept, { fieldSelector })) as Answer;
  if (!flags.bool("watch-only")) {
    if (isTable(list)) show.rows("ADDED", list, list.rows);
    else for (const item of list.items) show.object("ADDED", selectedItem(one.resource, item as KubeObject & JsonObject).object);
  }
  await follow(session, one, { accept, fieldSelector, resourceVersion: list.metadata?.resourceVersion }, show);
}

async function follow(
  session: Session,
  { resource, namespace }: Fetch,
  from: { readonly accept?: string; readonly fieldSelector?: string; readonly resourceVersion?: string },
  show: WatchPrinter,
): Promise<void> {
  const transport = await session.transport();
  const { accept, fieldSelector, resourceVersion } = from;
  const query = { labelSelector: session.flags.maybe("selector"), fieldSelector, resourceVersion, watch: true };
  const request = { method: "GET", path: resourcePath(resource, { namespace }), query, headers: accept ? { accept } : undefined } as const;
  let failure: unknown;
  let fail: (() => void) | undefined;
  const failed = new Promise<void>((resolve) => (fail = resolve));
  const handle = await transport.watch(request, (events) => {
    for (const event of events) {
      try {
        show.event(event);
      } catch (error) {
        failure ??= error;
        fail?.();
      }
    }
  });
  const stop = (): void => {
    handle.close();
    fail?.();
  };
  session.io.signal.addEventListener("abort", stop, { once: true });
  if (session.io.signal.aborted) stop();
  await Promise.race([handle.ended, failed]);
  handle.close();
  session.io.signal.removeEventListener("abort", stop);
  if (failure !== undefined) throw failure;
}

/** Prints what a watch brings, with columns that stay where they are. */
class WatchPrinter {
  readonly #session: Session;
  readonly #resource: DiscoveredResource;
  readonly #printer: Awaited<ReturnType<typeof objectPrinter>>;
  readonly #widths: number[] = [];
  #headed = false;
  #columns: Table["columnDefinitions"] = [];

  constructor(session: Session, resource: DiscoveredResource, printer: Awaited<ReturnType<typeof objectPrinter>>) {
    this.#session = session;
    this.#resource = resource;
    this.#printer = printer;
  }

  event({ type, object }: WatchEvent): void {
    if (type === "BOOKMARK") return;
    if (type === "ERROR") throw new StatusError(object as unknown as Status);
    if (isTable(object)) this.rows(type, object, object.rows);
    else this.object(type, object as KubeObject & JsonObject);
  }

  object(type: string, object: KubeObject & JsonObject): void {
    const { flags, io } = this.#session;
    if (this.#printer === undefined) {
      const table = tableOf(this.#resource, object, io.host.clock.now());
      this.rows(type, table, table.rows);
      return;
    }
    const shown: JsonObject = flags.bool("output-watch-events") && outputFormat(flags) !== "name" ? { type, object } : object;
    for (const item of itemsOf(shown)) {
      io.stdout(this.#printer.print(item as JsonObject, objectName({ resource: this.#resource, name: object.metadata?.name ?? "" })));
    }
  }

  rows(type: string, table: Table, rows: readonly TableRow[]): void {
    // The server sends the columns with the first table only.
    if (table.columnDefinitions.length > 0) this.#columns = table.columnDefinitions;
    const options = tableOptions(this.#session, this.#resource, this.#session.flags.bool("show-kind"));
    const noHeaders = options.noHeaders === true || this.#headed;
    const cells = tableCells({ ...table, columnDefinitions: this.#columns, rows }, { ...options, noHeaders });
    if (cells.length === 0) return;
    const withEvents = this.#session.flags.bool("output-watch-events");
    const lines = withEvents ? cells.map((row, index) => [!noHeaders && index === 0 ? "EVENT" : type, ...row]) : cells;
    this.#headed = true;
    this.#session.io.stdout(alignRows(lines, this.#widths));
  }
}

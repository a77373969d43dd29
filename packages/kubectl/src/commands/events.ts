import { ageSince, type Event, type KubeList } from "@skiff/api";
import type { Command } from "../command.ts";
import { eventAge } from "../describe/description.ts";
import { lastSeen } from "../describe/describe-events.ts";
import { ALL_NAMESPACES, OUTPUT_FLAGS } from "../global-flags.ts";
import { listOf, objectPrinter } from "../printers/object-printer.ts";
import { alignRows } from "../printers/table.ts";
import { parseOneObject } from "../resource-arguments.ts";

/** `kubectl events`. */
export const eventsCommand: Command = {
  name: "events",
  summary: "List events",
  usage: "[(-o|--output=)json|yaml|name|…] [--for TYPE/NAME] [--types=Normal,Warning] [options]",
  flags: {
    ...OUTPUT_FLAGS,
    ...ALL_NAMESPACES,
    for: { type: "string", help: "Filter events to only those pertaining to the specified resource." },
    types: { type: "list", help: "Output only events of given types." },
    "no-headers": { type: "bool", help: "When using the default output format, don't print headers." },
  },
  async run(session) {
    const { flags, io } = session;
    const mapper = await session.mapper();
    const resource = await mapper.byKind("v1", "Event");
    const namespace = flags.bool("all-namespaces") ? undefined : await session.namespace();
    const about = flags.text("for") === "" ? undefined : await parseOneObject(mapper, [flags.text("for")], "events");
    const fieldSelector = about === undefined ? undefined : `involvedObject.kind=${about.resource.kind},involvedObject.name=${about.name}`;
    const list = (await session.request(resource, { namespace }, { query: { fieldSelector } })) as KubeList<Event>;
    const types = flags.list("types").map((type) => type.toLowerCase());
    const events = list.items
      .filter(({ type = "" }) => types.length === 0 || types.includes(type.toLowerCase()))
      .sort((a, b) => lastSeen(a).localeCompare(lastSeen(b)));
    const printer = await objectPrinter(session, flags);
    if (printer !== undefined) {
      io.stdout(printer.print(listOf(events), ""));
      return;
    }
    if (events.length === 0) {
      session.warn(namespace === undefined ? "No events found." : `No events found in ${namespace} namespace.`);
      return;
    }
    const nowMs = io.host.clock.now();
    const rows = events.map((event) => {
      const count = event.series?.count ?? event.count ?? 1;
      const age =
        event.series || count > 1
          ? eventAge(event.firstTimestamp ?? event.eventTime, lastSeen(event), count, nowMs)
          : ageSince(lastSeen(event), nowMs);
      const { kind = "", name = "" } = event.involvedObject;
      return [
        ...(namespace === undefined ? [event.metadata?.namespace ?? ""] : []),
        age,
        event.type ?? "",
        event.reason ?? "",
        `${kind}/${name}`,
        (event.message ?? "").trim(),
      ];
    });
    const heading = [...(namespace === undefined ? ["NAMESPACE"] : []), "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
    io.stdout(alignRows(flags.bool("no-headers") ? rows : [heading, ...rows]));
  },
};

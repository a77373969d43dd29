import type { Command } from "../command.ts";
import { dryRunOf } from "../dry-run.ts";
import { FILE_FLAGS, OUTPUT_FLAGS, SELECTOR_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError, throwAll, usageError } from "../kubectl-error.ts";
import { hasManifests, readManifests } from "../manifest-files.ts";
import { matchesLabels } from "../label-filter.ts";
import { resolveManifest } from "../selected-objects.ts";
import { createObject, WriteReport, writeQuery } from "../written-objects.ts";
import { withLastApplied } from "./apply.ts";
import { deleteAndWait } from "./delete.ts";
import { StatusError } from "@skiff/api";

/** `kubectl create -f`. */
export const createCommand: Command = {
  name: "create",
  summary: "Create a resource from a file or from stdin",
  usage: "-f FILENAME [options]",
  flags: {
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    ...WRITE_FLAGS,
    selector: SELECTOR_FLAGS.selector!,
    "save-config": { type: "bool", help: "If true, the configuration of current object will be saved in its annotation." },
    raw: { type: "string", help: "Raw URI to POST to the server." },
    edit: { type: "bool", help: "Not done; use kubectl.", hidden: true },
  },
  async run(session) {
    const { flags } = session;
    if (!hasManifests(flags)) {
      if (flags.args.length > 0) throw usageError("create", `Unexpected args: [${flags.args.join(" ")}]`);
      throw new KubectlError("must specify one of -f and -k");
    }
    const mapper = await session.mapper();
    const report = new WriteReport(session);
    const errors: unknown[] = [];
    for (const manifest of await readManifests(session, flags)) {
      try {
        if (!matchesLabels(manifest.object, flags.text("selector"))) continue;
        const resolved = await resolveManifest(session, mapper, manifest);
        const selected = flags.bool("save-config") ? { ...resolved, object: withLastApplied(resolved.object) } : resolved;
        const object =
          dryRunOf(flags) === "client" ? selected.object : await named(manifest.source, "creating", () => createObject(session, selected));
        await report.report({ ...selected, name: object.metadata?.name ?? "" }, object, "created");
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
};

/** Adds the file to a refusal, as kubectl does for all but invalid objects. */
async function named<T>(source: string, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason === "Invalid") throw error;
    throw new StatusError({ ...error.status, message: `error when ${doing} "${source}": ${error.message}` });
  }
}

/** `kubectl replace`. */
export const replaceCommand: Command = {
  name: "replace",
  summary: "Replace a resource by file name or stdin",
  usage: "-f FILENAME [options]",
  flags: {
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    ...WRITE_FLAGS,
    force: { type: "bool", help: "If true, immediately remove resources from API and create them anew." },
    cascade: { type: "optional", bare: "background", default: "background", help: 'Must be "background", "orphan", or "foreground".' },
    "grace-period": { type: "string", default: "-1", help: "With --force: seconds given to the resource to terminate gracefully." },
    now: { type: "bool", help: "Not used", hidden: true },
    "save-config": { type: "bool", help: "If true, the configuration of current object will be saved in its annotation." },
    subresource: { type: "string", help: "If specified, replace will operate on the subresource of the requested object." },
    timeout: { type: "string", default: "0s", help: "Not used", hidden: true },
    wait: { type: "bool", help: "Not used", hidden: true },
  },
  async run(session) {
    const { flags } = session;
    if (!hasManifests(flags)) throw new KubectlError("must specify one of -f and -k");
    const mapper = await session.mapper();
    const report = new WriteReport(session);
    const errors: unknown[] = [];
    for (const manifest of await readManifests(session, flags)) {
      try {
        const resolved = await resolveManifest(session, mapper, manifest);
        const object = flags.bool("save-config") ? withLastApplied(resolved.object) : resolved.object;
        const selected = { ...resolved, object };
        const { resource, namespace, name } = selected;
        if (dryRunOf(flags) === "client") {
          await report.report(selected, object, "replaced");
          continue;
        }
        if (flags.bool("force")) {
          await deleteAndWait(session, selected);
          await report.report(selected, await createObject(session, selected, "kubectl-replace"), "replaced");
          continue;
        }
        const query = writeQuery(session, "kubectl-replace");
        const subresource = flags.text("subresource") || undefined;
        const replaced = await named(manifest.source, "replacing", () =>
          session.request(resource, { namespace, name, subresource }, { method: "PUT", query, body: object }),
        );
        await report.report(selected, replaced as typeof object, "replaced");
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
};

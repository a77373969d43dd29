import { isStatus, type JsonObject, type KubeList, type KubeObject, type Status } from "@skiff/api";
import { sleep } from "@skiff/base";
import type { Command } from "../command.ts";
import { dryRunOf, dryRunSuffix } from "../dry-run.ts";
import { ALL_NAMESPACES, FILE_FLAGS, SELECTOR_FLAGS } from "../global-flags.ts";
import { KubectlError, SilentExit, throwAll } from "../kubectl-error.ts";
import { hasManifests, readStdin } from "../manifest-files.ts";
import { parseResourceArguments } from "../resource-arguments.ts";
import { objectName, quotedName, selectedItem, selectObjects, selectorQuery, type SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";

/** How often it is looked whether an object is gone. */
const POLL_MS = 250;
/** `--timeout=0` waits so long: a week, as kubectl. */
const LONGEST_WAIT_MS = 168 * 3_600_000;

/** `kubectl delete`. */
export const deleteCommand: Command = {
  name: "delete",
  summary: "Delete resources by file names, stdin, resources and names, or by resources and label selector",
  usage: "([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)]) [options]",
  flags: {
    ...FILE_FLAGS,
    ...SELECTOR_FLAGS,
    ...ALL_NAMESPACES,
    all: { type: "bool", help: "Delete all resources, in the namespace of the specified resource types." },
    cascade: { type: "optional", bare: "background", default: "background", help: 'Must be "background", "orphan", or "foreground".' },
    "dry-run": { type: "optional", bare: "unchanged", default: "none", help: 'Must be "none", "server", or "client".' },
    force: { type: "bool", help: "If true, immediately remove resources from API and bypass graceful deletion." },
    "grace-period": { type: "string", default: "-1", help: "Period of time in seconds given to the resource to terminate gracefully." },
    "ignore-not-found": { type: "bool", help: 'Treat "resource not found" as a successful delete.' },
    interactive: { short: "i", type: "bool", help: "If true, delete resource only when user confirms." },
    now: { type: "bool", help: "If true, resources are signaled for immediate shutdown (same as --grace-period=1)." },
    output: { short: "o", type: "string", help: 'Output mode. Use "-o name" for shorter output (resource/name).' },
    timeout: { type: "string", default: "0s", help: "The length of time to wait before giving up on a delete." },
    wait: { type: "bool", default: "true", help: "If true, wait for resources to be gone before returning." },
    raw: { type: "string", help: "Raw URI to DELETE to the server." },
  },
  run: runDelete,
};

async function runDelete(session: Session): Promise<void> {
  const { flags } = session;
  if (flags.has("raw")) {
    const transport = await session.transport();
    const { body } = await transport.request({ method: "DELETE", path: flags.text("raw") });
    session.line(typeof body === "string" ? body : JSON.stringify(body));
    return;
  }
  checkFlags(session);
  const errors: unknown[] = [];
  const ignoreNotFound = flags.bool("ignore-not-found") || flags.bool("all") || flags.text("selector") !== "";
  const selected = await select(session, errors);
  const wanted = errors.filter((error) => !(ignoreNotFound && isStatus(error, "NotFound")));
  if (flags.bool("interactive") && selected.length > 0 && !(await confirmed(session, selected))) return;
  const deleted: SelectedObject[] = [];
  if (flags.bool("force") && graceSeconds(session) === 0) {
    session.warn(
      "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.",
    );
  }
  for (const one of selected) {
    try {
      deleted.push({ ...one, object: await deleteOne(session, one) });
      reportDeletion(session, one);
    } catch (error) {
      if (!(ignoreNotFound && isStatus(error, "NotFound"))) wanted.push(error);
    }
  }
  if (selected.length === 0 && wanted.length === 0 && flags.text("output") !== "name") session.line("No resources found");
  if (flags.bool("wait") && dryRunOf(flags) === "none") await waitUntilGone(session, deleted, flags.durationMs("timeout"));
  throwAll(wanted);
}

function checkFlags({ flags }: Session): void {
  const output = flags.text("output");
  if (output !== "" && output !== "name") throw new KubectlError(`unexpected -o output mode: ${output}. We only support '-o name'`);
  const hasSelector = flags.text("selector") !== "" || flags.text("field-selector") !== "";
  if (flags.bool("all") && flags.text("selector") !== "") throw new KubectlError("cannot set --all and --selector at the same time");
  if (flags.integer("grace-period") > 0 && flags.bool("force"))
    throw new KubectlError("--force and --grace-period greater than 0 cannot be specified together");
  if (flags.bool("now") && flags.integer("grace-period") !== -1)
    throw new KubectlError("--now and --grace-period cannot be specified together");
  if (flags.args.length === 0 && !hasManifests(flags))
    throw new KubectlError(
      "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'",
    );
  if (flags.args.length === 1 && !flags.args[0]?.includes("/") && !hasSelector && !flags.bool("all") && !hasManifests(flags)) {
    throw new KubectlError("resource(s) were provided, but no name was specified");
  }
}

/** The objects to delete. Those that are named are not read first, so that no right to read them is needed. */
async function select(session: Session, errors: unknown[]): Promise<SelectedObject[]> {
  const { flags } = session;
  if (hasManifests(flags)) return selectObjects(session, flags, { fromServer: false, errors });
  const mapper = await session.mapper();
  const { targets } = await parseResourceArguments(mapper, flags.args);
  const everywhere = flags.bool("all-namespaces");
  const selected: SelectedObject[] = [];
  for (const { resource, names } of targets) {
    const namespace = resource.namespaced ? await session.namespace() : undefined;
    if (names !== undefined) {
      if (everywhere) throw new KubectlError("a resource cannot be retrieved by name across all namespaces");
      for (const name of names) selected.push({ resource, namespace, name, object: {} });
      continue;
    }
    try {
      const list = (await session.request(
        resource,
        { namespace: everywhere ? undefined : namespace },
        { query: selectorQuery(flags) },
      )) as KubeList<KubeObject & JsonObject>;
      for (const item of list.items) selected.push(selectedItem(resource, item));
    } catch (error) {
      errors.push(error);
    }
  }
  return selected;
}

async function confirmed(session: Session, selected: readonly SelectedObject[]): Promise<boolean> {
  session.line("You are about to delete the following " + selected.length + " resource(s):");
  for (const one of selected) session.line(objectName(one));
  session.io.stdout("Do you want to continue? (y/N): ");
  const answer = (await readStdin(session.io.stdin)).toString("utf8").trim();
  if (/^y(es)?$/i.test(answer)) return true;
  session.line("deletion is cancelled");
  return false;
}

function graceSeconds({ flags }: Session): number {
  if (flags.bool("now")) return 1;
  const given = flags.integer("grace-period");
  if (given === 0 && !flags.bool("force")) return 1; // kubectl: without --force zero means as soon as possible, in order.
  return flags.bool("force") && given < 0 ? 0 : given;
}

/** Deletes one object as the flags say; answers what the server said. */
async function deleteOne(session: Session, { resource, namespace, name }: SelectedObject): Promise<KubeObject & JsonObject> {
  const { flags } = session;
  const dryRun = dryRunOf(flags);
  if (dryRun === "client") return session.get(resource, namespace, name);
  const grace = graceSeconds(session);
  const body = {
    apiVersion: "v1",
    kind: "DeleteOptions",
    propagationPolicy: propagation(flags.text("cascade")),
    ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}),
    ...(dryRun === "server" ? { dryRun: ["All"] } : {}),
  };
  return (await session.request(resource, { namespace, name }, { method: "DELETE", body })) as KubeObject & JsonObject;
}

function propagation(cascade: string): string {
  const policies: Readonly<Record<string, string>> = {
    background: "Background",
    true: "Background",
    foreground: "Foreground",
    orphan: "Orphan",
    false: "Orphan",
  };
  const policy = policies[cascade];
  if (policy === undefined) throw new KubectlError(`invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`);
  return policy;
}

function reportDeletion(session: Session, one: SelectedObject): void {
  const { flags } = session;
  if (flags.text("output") === "name") {
    session.line(objectName(one));
    return;
  }
  const verb = graceSeconds(session) === 0 ? "force deleted" : "deleted";
  const place = one.namespace === undefined || one.namespace === "" ? "" : ` from ${one.namespace} namespace`;
  session.line(`${quotedName(one)} ${verb}${place}${dryRunSuffix(dryRunOf(flags))}`);
}

function uidOf(object: KubeObject): string | undefined {
  return (object as unknown as Status).kind === "Status" ? (object as unknown as Status).details?.uid : object.metadata?.uid;
}

/** Waits until each object is gone, or another one of its name has taken its place. */
async function waitUntilGone(session: Session, objects: readonly SelectedObject[], timeoutMs: number): Promise<void> {
  const { clock } = session.io.host;
  const endMs = clock.monotonic() + (timeoutMs > 0 ? timeoutMs : LONGEST_WAIT_MS);
  for (const one of objects) {
    const uid = uidOf(one.object);
    for (;;) {
      try {
        const now = await session.get(one.resource, one.namespace, one.name);
        if (uid !== undefined && now.metadata?.uid !== uid) break;
      } catch (error) {
        if (isStatus(error, "NotFound")) break;
        // Who may delete but not read cannot wait.
        if (isStatus(error, "Forbidden", "MethodNotAllowed")) return;
        throw error;
      }
      if (clock.monotonic() >= endMs) {
        session.warn(`error: timed out waiting for the condition on ${one.resource.plural}/${one.name}`);
        throw new SilentExit(1);
      }
      await sleep(clock, POLL_MS, session.io.signal);
    }
  }
}

/** Deletes an object in the background and waits until it is gone; for replacements. */
export async function deleteAndWait(session: Session, one: SelectedObject): Promise<void> {
  try {
    const object = await deleteOne(session, one);
    await waitUntilGone(session, [{ ...one, object }], 0);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

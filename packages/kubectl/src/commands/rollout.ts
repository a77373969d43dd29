import { parseTime, sleep, timestamp } from "@skiff/base";
import {
  isStatus,
  jsonEquals,
  type ControllerRevision,
  type Deployment,
  type JsonObject,
  type KubeList,
  type KubeObject,
  type ReplicaSet,
} from "@skiff/api";
import type { Command } from "../command.ts";
import { replicaSetsOf, revisionOf } from "../describe/describe-workload.ts";
import { Description } from "../describe/description.ts";
import { describeTemplate } from "../describe/describe-pod.ts";
import { dryRunOf } from "../dry-run.ts";
import { FILE_FLAGS, OUTPUT_FLAGS, SELECTOR_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError, throwAll } from "../kubectl-error.ts";
import { alignText, DESCRIBE_ALIGNMENT } from "../printers/aligned-text.ts";
import { rolloutStatus } from "../rollout-status.ts";
import { objectName, selectObjects, type SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";
import { patchObject, WriteReport } from "../written-objects.ts";

const FLAGS: Command["flags"] = { ...FILE_FLAGS, ...OUTPUT_FLAGS, ...WRITE_FLAGS, selector: SELECTOR_FLAGS.selector! };
/** How often `rollout status` looks. */
const POLL_MS = 500;
const CHANGE_CAUSE = "kubernetes.io/change-cause";
const TEMPLATE_HASH = "pod-template-hash";

function command(
  name: string,
  summary: string,
  flags: Command["flags"],
  each: (session: Session, selected: SelectedObject) => Promise<void>,
): Command {
  return {
    name: `rollout ${name}`,
    summary,
    usage: "(TYPE NAME | TYPE/NAME) [flags] [options]",
    flags: { ...FLAGS, ...flags },
    async run(session) {
      if (session.flags.args.length === 0 && !session.flags.has("filename")) throw new KubectlError("required resource not specified");
      const errors: unknown[] = [];
      for (const selected of await selectObjects(session, session.flags, { errors, all: false })) {
        try {
          await each(session, selected);
        } catch (error) {
          errors.push(error);
        }
      }
      throwAll(errors);
    },
  };
}

async function patched(session: Session, selected: SelectedObject, patch: JsonObject, outcome: string): Promise<void> {
  const object =
    dryRunOf(session.flags) === "client"
      ? selected.object
      : await patchObject(session, selected, patch, { type: "strategic", manager: "kubectl-rollout" });
  await new WriteReport(session).report(selected, object, outcome);
}

/** `kubectl rollout status`. */
const status = command(
  "status",
  "Show the status of the rollout",
  {
    watch: { short: "w", type: "bool", default: "true", help: "Watch the status of the rollout until it's done." },
    timeout: { type: "string", default: "0s", help: "The length of time to wait before ending watch, zero means never." },
    revision: { type: "string", default: "0", help: "Pin to a specific revision for showing its status." },
  },
  async (session, selected) => {
    const { flags, io } = session;
    const { clock } = io.host;
    const limitMs = flags.durationMs("timeout");
    const startMs = clock.monotonic();
    let object: KubeObject = selected.object;
    for (let shown = ""; ;) {
      const { message, done } = rolloutStatus(selected.resource.kind, object, flags.integer("revision"));
      if (message !== shown) session.line(message);
      shown = message;
      if (done || !flags.bool("watch")) return;
      if (limitMs > 0 && clock.monotonic() - startMs >= limitMs) throw new KubectlError("timed out waiting for the condition");
      await sleep(clock, POLL_MS, io.signal);
      try {
        object = await session.get(selected.resource, selected.namespace, selected.name);
      } catch (error) {
        if (isStatus(error, "NotFound")) throw new KubectlError("object has been deleted", { cause: error });
        throw error;
      }
    }
  },
);

const restart = command("restart", "Restart a resource", {}, async (session, selected) => {
  const spec = selected.object.spec as { paused?: boolean; template?: { metadata?: { annotations?: Record<string, string> } } } | undefined;
  if (!["Deployment", "DaemonSet", "StatefulSet"].includes(selected.resource.kind))
    throw new KubectlError(`${selected.resource.plural} "${selected.name}" restarting is not supported`);
  if (spec?.paused)
    throw new KubectlError(`${selected.resource.plural} "${selected.name}" can't restart paused deployment (run rollout resume first)`);
  const now = timestamp(session.io.host.clock);
  const last = spec?.template?.metadata?.annotations?.["kubectl.kubernetes.io/restartedAt"];
  if (last !== undefined && parseTime(last) === parseTime(now))
    throw new KubectlError(
      "if restart has already been triggered within the past second, please wait before attempting to trigger another",
    );
  await patched(
    session,
    selected,
    { spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": now } } } } },
    "restarted",
  );
});

function pauser(name: "pause" | "resume", paused: boolean): Command {
  return command(name, paused ? "Mark the provided resource as paused" : "Resume a paused resource", {}, async (session, selected) => {
    if (selected.resource.kind !== "Deployment")
      throw new KubectlError(`${selected.resource.plural} "${selected.name}" ${paused ? "pausing" : "resuming"} is not supported`);
    const now = (selected.object as Deployment).spec?.paused ?? false;
    if (now === paused)
      throw new KubectlError(
        `${selected.resource.plural}.${selected.resource.group} "${selected.name}" is ${paused ? "already" : "not"} paused`,
      );
    await patched(session, selected, { spec: { paused: paused || null } }, paused ? "paused" : "resumed");
  });
}

interface Revision {
  readonly number: number;
  readonly cause: string;
  readonly template: ReplicaSet["spec"];
  readonly source: ReplicaSet | ControllerRevision;
}

async function revisionsOf(session: Session, selected: SelectedObject): Promise<Revision[]> {
  if (selected.resource.kind === "Deployment") {
    const { all } = await replicaSetsOf(session, selected);
    return all.map((set) => ({
      number: revisionOf(set),
      cause: set.metadata?.annotations?.[CHANGE_CAUSE] ?? "<none>",
      template: set.spec,
      source: set,
    }));
  }
  if (!["DaemonSet", "StatefulSet"].includes(selected.resource.kind))
    throw new KubectlError(`no history viewer has been implemented for "${selected.resource.kind}"`);
  const mapper = await session.mapper();
  const { items } = (await session.request(await mapper.byKind("apps/v1", "ControllerRevision"), {
    namespace: selected.namespace,
  })) as KubeList<ControllerRevision>;
  return items
    .filter(({ metadata }) => metadata?.ownerReferences?.some(({ uid, controller }) => controller && uid === selected.object.metadata?.uid))
    .map((source) => ({
      number: source.revision,
      cause: source.metadata?.annotations?.[CHANGE_CAUSE] ?? "<none>",
      template: (source.data as { spec?: ReplicaSet["spec"] } | undefined)?.spec,
      source,
    }))
    .sort((a, b) => a.number - b.number);
}

const history = command(
  "history",
  "View rollout history",
  { revision: { type: "string", default: "0", help: "See the details, including podTemplate of the revision specified" } },
  async (session, selected) => {
    const revisions = await revisionsOf(session, selected);
    const wanted = session.flags.integer("revision");
    session.line(`${objectName(selected)} ${wanted > 0 ? `with revision #${wanted}` : ""}`);
    if (wanted > 0) {
      const revision = revisions.find(({ number }) => number === wanted);
      if (revision === undefined) throw new KubectlError(`unable to find the specified revision`);
      const out = new Description();
      describeTemplate(out, revision.template?.template);
      session.io.stdout(`${out.toString()}\n`);
      return;
    }
    const rows = [["REVISION", "CHANGE-CAUSE"], ...revisions.map(({ number, cause }) => [String(number), cause])];
    session.io.stdout(`${alignText(rows.map((row) => row.join("\t")).join("\n"), DESCRIBE_ALIGNMENT)}\n\n`);
  },
);

const undo = command(
  "undo",
  "Undo a previous rollout",
  { "to-revision": { type: "string", default: "0", help: "The revision to rollback to. Default to 0 (last revision)." } },
  async (session, selected) => {
    const revisions = await revisionsOf(session, selected);
    const wanted = session.flags.integer("to-revision");
    const revision = wanted > 0 ? revisions.find(({ number }) => number === wanted) : revisions.at(-2);
    if (wanted > 0 && revision === undefined) throw new KubectlError(`unable to find specified revision ${wanted} in history`);
    if (revision === undefined) throw new KubectlError(`no rollout history found for ${selected.resource.singular} "${selected.name}"`);
    if ((selected.object as Deployment).spec?.paused)
      throw new KubectlError(`you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again`);
    const wantedTemplate = revision.template?.template;
    const { [TEMPLATE_HASH]: _hash, ...labels } = wantedTemplate?.metadata?.labels ?? {};
    const template = { ...wantedTemplate, metadata: { ...wantedTemplate?.metadata, labels } };
    const current = (selected.object as Deployment).spec?.template;
    const skipped =
      jsonEquals(current, wantedTemplate) || jsonEquals(JSON.parse(JSON.stringify(current)), JSON.parse(JSON.stringify(template)));
    if (skipped) {
      session.line(`${objectName(selected)} skipped rollback (current template already matches revision ${revision.number})`);
      return;
    }
    if (dryRunOf(session.flags) === "client") {
      await new WriteReport(session).report(selected, selected.object, "rolled back");
      return;
    }
    const patch = [{ op: "replace", path: "/spec/template", value: template }];
    const object = await patchObject(session, selected, patch, { type: "json", manager: "kubectl-rollout" });
    await new WriteReport(session).report(selected, object, "rolled back");
  },
);

/** `kubectl rollout …`. */
export const rolloutCommands: readonly Command[] = [history, pauser("pause", true), restart, pauser("resume", false), status, undo];

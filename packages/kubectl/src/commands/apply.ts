import {
  allKinds,
  servedKinds,
  builtInSchemas,
  createThreeWayMergePatch,
  createThreeWayPatch,
  isJsonObject,
  isStatus,
  StatusError,
  type JsonObject,
  type KubeObject,
  readJson,
} from "@skiff/api";
import { sleep } from "@skiff/base";
import type { Command } from "../command.ts";
import { dryRunOf } from "../dry-run.ts";
import { FILE_FLAGS, OUTPUT_FLAGS, SELECTOR_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError, notDone, throwAll } from "../kubectl-error.ts";
import { hasManifests, readManifests } from "../manifest-files.ts";
import { compactJson } from "../printers/yaml-text.ts";
import { quotedName, resolveManifest, type SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";
import { createObject, hasStrategicMerge, patchObject, WriteReport } from "../written-objects.ts";
import { matchesLabels } from "../label-filter.ts";
import { deleteAndWait } from "./delete.ts";

/** Where `apply` keeps what it applied last. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const CLIENT_SIDE_MANAGER = "kubectl-client-side-apply";
const SERVER_SIDE_MANAGER = "kubectl";
/** How often a patch that met a change of someone else is made anew. */
const MAX_PATCH_RETRIES = 5;
const RETRY_MS = 1000;

type AnyObject = KubeObject & JsonObject;

/** `kubectl apply`. */
export const applyCommand: Command = {
  name: "apply",
  summary: "Apply a configuration to a resource by file name or stdin",
  usage: "(-f FILENAME | -k DIRECTORY) [options]",
  flags: {
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    ...WRITE_FLAGS,
    selector: SELECTOR_FLAGS.selector!,
    "server-side": { type: "bool", help: "If true, apply runs in the server instead of the client." },
    "force-conflicts": { type: "bool", help: "If true, server-side apply will force the changes against conflicts." },
    force: { type: "bool", help: "If true, immediately remove resources from API and bypass graceful deletion, then create them anew." },
    overwrite: { type: "bool", default: "true", help: "Automatically resolve conflicts between the modified and live configuration." },
    prune: { type: "bool", help: "Not done; use kubectl." },
    subresource: { type: "string", help: "If specified, apply will operate on the subresource of the requested object." },
    wait: { type: "bool", help: "Not used", hidden: true },
    timeout: { type: "string", default: "0s", help: "Not used", hidden: true },
    "grace-period": { type: "string", default: "-1", help: "With --force: seconds given to the resource to terminate gracefully." },
    cascade: { type: "optional", bare: "background", default: "background", help: "With --force: background, orphan, or foreground." },
    all: { type: "bool", help: "Select all resources", hidden: true },
    openapi: { type: "bool", default: "true", help: "Not used", hidden: true },
    "openapi-patch": { type: "bool", default: "true", help: "Not used", hidden: true },
  },
  run: runApply,
};

async function runApply(session: Session): Promise<void> {
  const { flags } = session;
  if (flags.bool("prune")) throw notDone("apply --prune");
  if (!hasManifests(flags)) throw new KubectlError("must specify one of -f and -k");
  const serverSide = flags.bool("server-side");
  if (flags.bool("force-conflicts") && !serverSide) throw new KubectlError("--force-conflicts only works with --server-side");
  if (serverSide && dryRunOf(flags) === "client")
    throw new KubectlError("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
  const mapper = await session.mapper();
  const report = new WriteReport(session, true);
  const errors: unknown[] = [];
  for (const manifest of await readManifests(session, flags)) {
    try {
      if (!matchesLabels(manifest.object, flags.text("selector"))) continue;
      // A definition that this very command applied may have brought the kind.
      const selected = await resolveManifest(session, mapper, manifest);
      const { outcome, object } = await (serverSide ? applyServerSide(session, selected) : applyClientSide(session, selected));
      await report.report(selected, object, outcome);
    } catch (error) {
      errors.push(error);
    }
  }
  await report.end();
  throwAll(errors);
}

async function applyServerSide(session: Session, selected: SelectedObject): Promise<{ outcome: string; object: AnyObject }> {
  const { flags } = session;
  const { name, object } = selected;
  if (name === "") throw new KubectlError(`resource name may not be empty`);
  if (object.metadata?.managedFields !== undefined) throw new KubectlError("metadata.managedFields must be nil");
  try {
    const applied = await patchObject(session, selected, object, {
      type: "apply",
      manager: flags.text("field-manager") || SERVER_SIDE_MANAGER,
      subresource: flags.text("subresource") || undefined,
      query: { force: flags.bool("force-conflicts") },
    });
    return { outcome: "serverside-applied", object: applied };
  } catch (error) {
    if (!isStatus(error, "Conflict")) throw error;
    const advice = `Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`;
    throw new KubectlError(`${error.message}\n${advice}`, { cause: error });
  }
}

/** The object with itself, as one line of JSON, in the annotation of the last applied state. */
export function withLastApplied(object: AnyObject): AnyObject {
  const { [LAST_APPLIED]: _old, ...annotations } = object.metadata?.annotations ?? {};
  const plain = { ...object, metadata: { ...object.metadata, annotations } } as unknown as JsonObject;
  const text = `${compactJson(plain)}\n`;
  return { ...object, metadata: { ...object.metadata, annotations: { ...annotations, [LAST_APPLIED]: text } } } as unknown as AnyObject;
}

async function applyClientSide(session: Session, selected: SelectedObject): Promise<{ outcome: string; object: AnyObject }> {
  const { resource, namespace, name } = selected;
  const dryRun = dryRunOf(session.flags);
  const modified = withLastApplied(selected.object);
  if (name === "") {
    if (selected.object.metadata?.generateName)
      throw new KubectlError(`from ${selected.object.metadata.generateName}: cannot use generate name with apply`);
    throw new KubectlError("resource name may not be empty");
  }
  let current: AnyObject | undefined;
  try {
    current = await session.get(resource, namespace, name);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw retrievingError(error, selected);
  }
  if (current === undefined) {
    if (dryRun === "client") return { outcome: "created", object: modified };
    return { outcome: "created", object: await createObject(session, { ...selected, object: modified }, CLIENT_SIDE_MANAGER) };
  }
  if (current.metadata?.annotations?.[LAST_APPLIED] === undefined && dryRun !== "client") {
    session.warn(
      `Warning: resource ${resource.plural}/${name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.`,
    );
  }
  if (dryRun === "client") return { outcome: "configured", object: modified };
  // A patch that the server found nothing in still counts as a change, as with `stringData` of Secrets.
  const object = await patchWithRetries(session, selected, modified, current);
  return { outcome: object === current ? "unchanged" : "configured", object };
}

function retrievingError(error: unknown, { resource, namespace, name, source }: SelectedObject): unknown {
  if (!(error instanceof StatusError)) return error;
  const { status } = error;
  const kind = `Resource: "${resource.group ? `${resource.group}/` : "/"}${resource.version}, Resource=${resource.plural}"`;
  return new StatusError({
    ...status,
    message: `error when retrieving current configuration of:\n${kind}\nName: "${name}", Namespace: "${namespace ?? ""}"\nfrom server for: "${source ?? ""}": ${status.message}`,
  });
}

async function patchWithRetries(session: Session, selected: SelectedObject, modified: AnyObject, live: AnyObject): Promise<AnyObject> {
  const { flags, io } = session;
  const { resource, namespace, name } = selected;
  let current = live;
  for (let attempt = 0; ; attempt++) {
    const { patch, type } = applyPatch(selected, modified, current);
    if (Object.keys(patch).length === 0) return current;
    try {
      return await patchObject(session, selected, patch, {
        type,
        manager: CLIENT_SIDE_MANAGER,
        subresource: flags.text("subresource") || undefined,
      });
    } catch (error) {
      if (isStatus(error, "Conflict") && attempt < MAX_PATCH_RETRIES) {
        await sleep(io.host.clock, RETRY_MS, io.signal);
        current = await session.get(resource, namespace, name);
        continue;
      }
      if (isStatus(error, "Conflict", "Invalid") && flags.bool("force")) {
        await deleteAndWait(session, selected);
        return createObject(session, { ...selected, object: modified }, CLIENT_SIDE_MANAGER);
      }
      if (!(error instanceof StatusError) || error.reason === "Invalid") throw error;
      const context = `error when applying patch:\n${compactJson(patch)}\nto:\nResource: "${resource.group || ""}/${resource.version}, Resource=${resource.plural}", GroupVersionKind: "${resource.group || ""}/${resource.version}, Kind=${resource.kind}"\nName: "${name}", Namespace: "${namespace ?? ""}"\nfor: "${selected.source ?? ""}": error when patching "${selected.source ?? ""}": ${error.message}`;
      throw new StatusError({ ...error.status, message: context });
    }
  }
}

function applyPatch(selected: SelectedObject, modified: AnyObject, current: AnyObject): { patch: JsonObject; type: "strategic" | "merge" } {
  const last = current.metadata?.annotations?.[LAST_APPLIED];
  let original: JsonObject = {};
  if (last !== undefined) {
    const parsed: unknown = readJson(last);
    if (isJsonObject(parsed)) original = parsed;
  }
  const { resource } = selected;
  const known = hasStrategicMerge(resource) ? servedKinds({ kinds: allKinds, removedVersions: true }) : [];
  const version = known.find((one) => one.group === resource.group && one.version === resource.version && one.kind === resource.kind);
  const registry = builtInSchemas();
  const schema = version === undefined ? undefined : registry.get(version.schema);
  if (schema === undefined) return { patch: createThreeWayMergePatch(original, modified, current), type: "merge" };
  return { patch: createThreeWayPatch({ original, modified, current, schema, registry }), type: "strategic" };
}

/** `kubectl apply view-last-applied`. */
export const viewLastAppliedCommand: Command = {
  name: "apply view-last-applied",
  summary: "View the latest last-applied-configuration annotations of a resource/object",
  usage: "(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME) [options]",
  flags: {
    ...FILE_FLAGS,
    selector: SELECTOR_FLAGS.selector!,
    all: { type: "bool", help: "Select all resources" },
    output: { ...OUTPUT_FLAGS.output!, default: "yaml" },
  },
  async run(session) {
    const { selectObjects } = await import("../selected-objects.ts");
    const { jsonText, yamlText } = await import("../printers/yaml-text.ts");
    for (const selected of await selectObjects(session, session.flags, { all: session.flags.bool("all") })) {
      const text = selected.object.metadata?.annotations?.[LAST_APPLIED];
      if (text === undefined) throw new KubectlError(`no last-applied-configuration annotation found on resource: ${quotedName(selected)}`);
      const value = readJson(text) as JsonObject;
      session.io.stdout(session.flags.text("output") === "json" ? jsonText(value, 2) : yamlText(value));
    }
  },
};

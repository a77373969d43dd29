import { parse } from "yaml";
import { isJsonObject, type JsonObject, type JsonValue } from "@skiff/api";
import type { Command } from "../command.ts";
import { dryRunOf } from "../dry-run.ts";
import { FILE_FLAGS, OUTPUT_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError, notDone, throwAll } from "../kubectl-error.ts";
import { mergedObject } from "../changed-objects.ts";
import { selectObjects } from "../selected-objects.ts";
import { patchObject, WriteReport } from "../written-objects.ts";

/** `kubectl patch`. */
export const patchCommand: Command = {
  name: "patch",
  summary: "Update fields of a resource",
  usage: "(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE] [options]",
  flags: {
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    ...WRITE_FLAGS,
    local: { type: "bool", help: "Not used", hidden: true },
    patch: { short: "p", type: "string", help: "The patch to be applied to the resource JSON file." },
    "patch-file": { type: "string", help: "A file containing a patch to be applied to the resource." },
    subresource: { type: "string", help: "If specified, patch will operate on the subresource of the requested object." },
    type: { type: "string", default: "strategic", help: "The type of patch being provided; one of [json merge strategic]" },
  },
  async run(session) {
    const { flags, io } = session;
    if (flags.has("patch") === flags.has("patch-file"))
      throw new KubectlError(
        flags.has("patch")
          ? "cannot specify --patch and --patch-file together"
          : "must specify --patch or --patch-file containing the contents of the patch",
      );
    const type = flags.text("type").toLowerCase();
    if (type !== "json" && type !== "merge" && type !== "strategic")
      throw new KubectlError(`--type must be one of [json merge strategic], not "${flags.text("type")}"`);
    const text = flags.has("patch") ? flags.text("patch") : await io.files.read(flags.text("patch-file"));
    if (text === undefined)
      throw new KubectlError(`unable to read patch file: open ${flags.text("patch-file")}: no such file or directory`);
    let patch: JsonValue;
    try {
      patch = parse(text) as JsonValue;
    } catch (error) {
      throw new KubectlError(`unable to parse "${text}": yaml: ${(error as Error).message.split("\n")[0]}`, { cause: error });
    }
    if (type !== "json" && !isJsonObject(patch)) throw new KubectlError(`unable to parse "${text}": the patch is not an object`);
    const errors: unknown[] = [];
    const report = new WriteReport(session);
    for (const selected of await selectObjects(session, flags, { errors })) {
      try {
        if (dryRunOf(flags) === "client") {
          if (type !== "merge") throw notDone(`patch --dry-run=client --type=${type}`);
          await report.report(selected, mergedObject(selected.object, patch as JsonObject), "patched");
          continue;
        }
        const object = await patchObject(session, selected, patch, {
          type,
          manager: "kubectl-patch",
          subresource: flags.text("subresource") || undefined,
        });
        const changed = object.metadata?.resourceVersion !== selected.object.metadata?.resourceVersion;
        await report.report(selected, object, changed ? "patched" : "patched (no change)");
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
};

/** `kubectl edit`. */
export const editCommand: Command = {
  name: "edit",
  summary: "Edit a resource on the server",
  usage: "(RESOURCE/NAME | -f FILENAME) [options]",
  flags: { ...FILE_FLAGS, ...OUTPUT_FLAGS, ...WRITE_FLAGS },
  async run(session) {
    const { io, flags } = session;
    const { parseManifest } = await import("../manifest-files.ts");
    const { yamlText } = await import("../printers/yaml-text.ts");
    const { withoutManagedFields } = await import("../printers/object-printer.ts");
    const { createThreeWayMergePatch } = await import("@skiff/api");
    const editor = io.env.KUBE_EDITOR || io.env.EDITOR || "vi";
    const report = new WriteReport(session);
    for (const selected of await selectObjects(session, flags)) {
      const original = withoutManagedFields(selected.object);
      const head =
        "# Please edit the object below. Lines beginning with a '#' will be ignored,\n# and an empty file will abort the edit. If an error occurs while saving this file will be\n# reopened with the relevant failures.\n#\n";
      const file = await io.files.temporary(".yaml");
      try {
        await io.files.write(file, head + yamlText(original), 0o600);
        const code = await io.edit(editor, file);
        if (code !== 0) throw new KubectlError(`there was a problem with the editor "${editor}"`);
        const [edited] = parseManifest((await io.files.read(file)) ?? "", file);
        if (edited === undefined) throw new KubectlError("Edit cancelled, saved file was empty.");
        const patch = createThreeWayMergePatch(original, edited, original);
        if (Object.keys(patch).length === 0) {
          session.warn("Edit cancelled, no changes made.");
          continue;
        }
        await report.report(selected, await patchObject(session, selected, patch, { type: "merge", manager: "kubectl-edit" }), "edited");
      } finally {
        await io.files.remove(file);
      }
    }
  },
};

import type { JsonObject, KubeObject } from "@skiff/api";
import { dryRunOf } from "../../dry-run.ts";
import type { SelectedObject } from "../../selected-objects.ts";
import type { Session } from "../../session.ts";
import { createObject, WriteReport } from "../../written-objects.ts";
import { withLastApplied } from "../apply.ts";

/** Sends a generated object, or prints it with `--dry-run=client`. Answers it as the server has it. */
export async function createGenerated(
  session: Session,
  generated: JsonObject,
  options: { readonly manager?: string; readonly outcome?: string } = {},
): Promise<KubeObject & JsonObject> {
  const { flags } = session;
  const mapper = await session.mapper();
  const source = generated as KubeObject & JsonObject;
  const resource = await mapper.byKind(source.apiVersion ?? "", source.kind ?? "");
  const namespace = resource.namespaced ? await session.namespace() : undefined;
  // Without -n the namespace is left out of what is printed, so that the manifest fits everywhere.
  const placed =
    namespace !== undefined && (session.hasExplicitNamespace || dryRunOf(flags) !== "client")
      ? { ...source, metadata: { ...source.metadata, namespace } }
      : source;
  const saved =
    flags.maybe("save-config") !== undefined && flags.bool("save-config") ? withLastApplied(placed as KubeObject & JsonObject) : placed;
  const selected: SelectedObject = { resource, namespace, name: source.metadata?.name ?? "", object: saved as KubeObject & JsonObject };
  const object = dryRunOf(flags) === "client" ? selected.object : await createObject(session, selected, options.manager);
  await new WriteReport(session).report(
    { ...selected, name: object.metadata?.name ?? selected.name },
    object,
    options.outcome ?? "created",
  );
  return object;
}

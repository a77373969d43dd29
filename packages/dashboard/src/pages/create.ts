import { parseApiVersion, type KubeObject } from "@skiff/api";
import { parseAllDocuments } from "yaml";
import { formToken } from "../frame.ts";
import { html, type Html } from "../html.ts";
import { objectAddress } from "../addresses.ts";
import { explainError, PageError } from "../page-error.ts";
import type { Page, PageContext } from "../page-request.ts";
import { problemBox } from "../problem-box.ts";
import { FIELD_MANAGER } from "./edit.ts";

/** So many objects may one text have. */
const OBJECT_LIMIT = 200;

/** A form for manifests. */
export async function createPage(context: PageContext): Promise<Page> {
  return createForm(context, "");
}

function createForm(context: PageContext, text: string, report?: Html): Page {
  const namespace = context.request.query.get("namespace") || context.request.form.get("namespace") || "default";
  return {
    title: "Create from YAML",
    content: html`${report}
      <form method="post" action="./create">
        ${formToken(context)}
        <p>
          <label>Namespace of objects that name none <input name="namespace" value="${namespace}" required /></label>
        </p>
        <label for="yaml">Manifests</label>
        <textarea id="yaml" name="yaml" rows="30" spellcheck="false" autocapitalize="off" autocomplete="off" required>${text}</textarea>
        <p><button>Apply</button></p>
      </form>`,
  };
}

/** Applies every object of the text (server-side apply), and tells of each what came of it. */
export async function applyManifests(context: PageContext): Promise<Page> {
  const { form } = context.request;
  const text = form.get("yaml") ?? "";
  let objects: readonly KubeObject[];
  try {
    objects = parseManifests(text);
  } catch (error) {
    return { ...createForm(context, text, problemBox(error)), status: 422 };
  }
  const results: Html[] = [];
  let status = 200;
  for (const object of objects) {
    const label = `${object.kind ?? "?"} ${object.metadata?.name ?? "?"}`;
    try {
      const target = await applyOne(context, object, form.get("namespace") || "default");
      results.push(html`<li><span class="state good">Applied</span> <a href="${target}">${label}</a></li>`);
    } catch (error) {
      status = 422;
      results.push(html`<li><span class="state bad">Failed</span> ${label}: ${explainError(error).sentence}</li>`);
    }
  }
  return {
    ...createForm(
      context,
      text,
      html`<div role="alert">
        <h2>What was done</h2>
        <ul>
          ${results}
        </ul>
      </div>`,
    ),
    status,
  };
}

async function applyOne({ session }: PageContext, object: KubeObject, defaultNamespace: string): Promise<string> {
  const { apiVersion = "", kind = "", metadata } = object;
  const name = metadata?.name ?? "";
  if (name === "") throw new PageError(422, "It has no metadata.name.");
  const known = await session.catalog.ofKind({ apiVersion, kind });
  if (known === undefined) throw new PageError(422, `The API server does not serve ${kind} of ${apiVersion}.`);
  // In the version that the manifest is written in.
  const resource = { ...known, ...parseApiVersion(apiVersion) };
  const namespace = resource.namespaced ? (metadata?.namespace ?? defaultNamespace) : undefined;
  const body = { ...object, metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) } };
  await session.client
    .resource(resource)
    .patch({ namespace, name }, body, { type: "apply", fieldManager: FIELD_MANAGER, fieldValidation: "Strict" });
  return objectAddress(known, { namespace, name });
}

/** The objects of a text of YAML documents; Lists count as what they hold. Errors: a {@link PageError}. */
function parseManifests(text: string): readonly KubeObject[] {
  const documents = parseAllDocuments(text);
  const objects: KubeObject[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) throw new PageError(422, `This is not YAML: ${error.message}`);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    if (typeof value !== "object" || Array.isArray(value)) throw new PageError(422, "A document is not the YAML of an object.");
    const { items } = value as { readonly items?: readonly KubeObject[] };
    objects.push(...((value as KubeObject).kind?.endsWith("List") && Array.isArray(items) ? items : [value as KubeObject]));
  }
  if (objects.length === 0) throw new PageError(422, "There is no object in the text.");
  if (objects.length > OBJECT_LIMIT) throw new PageError(422, `There are more than ${OBJECT_LIMIT} objects in the text.`);
  return objects;
}

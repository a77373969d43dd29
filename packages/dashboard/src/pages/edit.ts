import { groupResource, type KubeObject } from "@skiff/api";
import { parse } from "yaml";
import { actionForm } from "../action-forms.ts";
import { objectAddress } from "../addresses.ts";
import { html, type Html } from "../html.ts";
import { objectYaml } from "../object-yaml.ts";
import { PageError } from "../page-error.ts";
import type { Page, PageContext } from "../page-request.ts";
import { problemBox } from "../problem-box.ts";
import { requestedObject, type RequestedObject } from "./object.ts";

/** The name under which changes stand in the managed fields. */
export const FIELD_MANAGER = "skiff-dashboard";

/** An object as YAML to change. */
export async function editPage(context: PageContext): Promise<Page> {
  const target = await requestedObject(context);
  return editForm(context, target, objectYaml(target.object));
}

function editForm({ session }: PageContext, { resource, namespace, name, object }: RequestedObject, text: string, problem?: Html): Page {
  const back = objectAddress(resource, { namespace, name });
  const fields = html`<label for="yaml">YAML</label>
    <textarea id="yaml" name="yaml" rows="30" spellcheck="false" autocapitalize="off" autocomplete="off" required>${text}</textarea>
    <p><button>Save</button> <a class="button" href="${back}">Cancel</a></p>`;
  return {
    title: `Edit ${resource.kind} ${name}`,
    ...(problem === undefined ? {} : { status: 422 }),
    content: html`${problem}${actionForm({ session, resource, object }, "edit", fields)}`,
  };
}

/** Saves what the form has. What the API server refuses is told above the text, which stays as it was typed. */
export async function saveEdited(context: PageContext): Promise<string | Page> {
  const { session, request } = context;
  const text = request.form.get("yaml") ?? "";
  const [namespace, name] = [request.form.get("namespace") || undefined, request.form.get("name") ?? ""];
  const resource = await session.catalog.resource(request.form.get("resource"));
  try {
    const object = parseObject(text);
    const { metadata } = object;
    if (metadata?.name !== name || (metadata?.namespace ?? namespace) !== namespace)
      throw new PageError(422, "Name and namespace of an object cannot be changed.");
    // With the resource version that was read: what somebody else has written since is not lost.
    await session.client.resource(resource).update(object, { fieldManager: FIELD_MANAGER, fieldValidation: "Strict" });
    return objectAddress(resource, { namespace, name });
  } catch (error) {
    const query = new URLSearchParams({ resource: groupResource(resource), namespace: namespace ?? "", name });
    const target = await requestedObject({ ...context, request: { ...request, query } });
    return editForm(context, target, text, problemBox(error));
  }
}

/** One object out of YAML. Errors: a {@link PageError} that says what is wrong with the text. */
function parseObject(text: string): KubeObject {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new PageError(422, `This is not YAML: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new PageError(422, "This is not the YAML of an object.");
  return value;
}

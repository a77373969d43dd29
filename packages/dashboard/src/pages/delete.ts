import { isStatus } from "@skiff/api";
import { actionForm } from "../action-forms.ts";
import { listAddress, objectAddress } from "../addresses.ts";
import { html } from "../html.ts";
import { PageError } from "../page-error.ts";
import type { Page, PageContext } from "../page-request.ts";
import { requestedObject } from "./object.ts";

const POLICIES = ["Background", "Foreground", "Orphan"] as const;

/** Asks whether an object is really to be deleted. */
export async function deletePage(context: PageContext): Promise<Page> {
  const { session } = context;
  const { resource, namespace, name, object } = await requestedObject(context);
  const fields = html`<input type="hidden" name="uid" value="${object.metadata?.uid ?? ""}" />
    <p>
      <label
        >What it owns
        <select name="propagation">
          <option value="Background">is deleted after it</option>
          <option value="Foreground">is deleted before it</option>
          <option value="Orphan">stays</option>
        </select></label
      >
    </p>
    <p>
      <button class="danger">Delete ${resource.kind} ${name}</button>
      <a class="button" href="${objectAddress(resource, { namespace, name })}">Cancel</a>
    </p>`;
  return {
    title: `Delete ${resource.kind} ${name}?`,
    content: html`<p>
        ${resource.kind} <b>${name}</b>${namespace !== undefined && html` of namespace <b>${namespace}</b>`} will be deleted. This cannot be
        undone.
      </p>
      ${actionForm({ session, resource, object }, "delete", fields)}`,
  };
}

/** Deletes the object that was shown, and no other one of the same name. */
export async function deleteObject({ session, request: { form } }: PageContext): Promise<string> {
  const resource = await session.catalog.resource(form.get("resource"));
  const namespace = form.get("namespace") || undefined;
  const name = form.get("name") ?? "";
  const propagationPolicy = POLICIES.find((policy) => policy === form.get("propagation"));
  const uid = form.get("uid") ?? "";
  if (name === "" || uid === "" || propagationPolicy === undefined) throw new PageError(400, "The form names no object.");
  try {
    await session.client.resource(resource).delete({ namespace, name }, { propagationPolicy, preconditions: { uid } });
  } catch (error) {
    // It is gone, which was the wish.
    if (!isStatus(error, "NotFound")) throw error;
  }
  return listAddress(resource, namespace);
}

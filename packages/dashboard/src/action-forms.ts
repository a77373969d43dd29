import { groupResource, type KubeObject } from "@skiff/api";
import type { DiscoveredResource } from "@skiff/client";
import { objectAddress } from "./addresses.ts";
import { formToken } from "./frame.ts";
import { html, type Html } from "./html.ts";
import type { Session } from "./sessions.ts";

/** An object, and who would act on it. */
interface ActionTarget {
  readonly session: Session;
  readonly resource: DiscoveredResource;
  readonly object: KubeObject;
}

/** Kinds whose Pods are replaced when their template changes: what `kubectl rollout restart` takes. */
const RESTARTABLE = new Set(["deployments.apps", "daemonsets.apps", "statefulsets.apps"]);

interface ActionFields {
  readonly spec?: { readonly replicas?: number; readonly unschedulable?: boolean; readonly suspend?: boolean };
}

/** Links and buttons for what can be done with an object. Whether the user may do it the API server says when it is asked. */
export function renderActions(target: ActionTarget): Html {
  const { resource, object } = target;
  const { name = "", namespace } = object.metadata ?? {};
  const { spec } = object as ActionFields;
  const { verbs, subresources } = resource;
  const key = groupResource(resource);
  const link = (page: string, text: string): Html =>
    html`<a class="button" href="${objectAddress(resource, { namespace, name }, page)}">${text}</a>`;
  return html`<div class="actions" role="group" aria-label="Actions">
    ${key === "pods" && link("logs", "Logs")} ${verbs.includes("update") && link("edit", "Edit")}
    ${subresources.includes("scale") && actionForm(target, "scale", html`<label>Replicas <input type="number" name="replicas" min="0" max="2147483647" value="${spec?.replicas ?? 1}" required /></label> <button>Scale</button>`)}
    ${RESTARTABLE.has(key) && actionForm(target, "restart", html`<button>Restart</button>`)}
    ${key === "nodes" && actionForm(target, "cordon", spec?.unschedulable === true ? html`<input type="hidden" name="unschedulable" value="false" /><button>Uncordon</button>` : html`<input type="hidden" name="unschedulable" value="true" /><button>Cordon</button>`)}
    ${key === "cronjobs.batch" && actionForm(target, "suspend", spec?.suspend === true ? html`<input type="hidden" name="suspend" value="false" /><button>Resume</button>` : html`<input type="hidden" name="suspend" value="true" /><button>Suspend</button>`)}
    ${key === "cronjobs.batch" && actionForm(target, "trigger", html`<button>Run now</button>`)}
    ${verbs.includes("delete") && link("delete", "Delete")}
  </div>`;
}

/** A form that does something to an object; `fields` has the button. */
export function actionForm({ session, resource, object }: ActionTarget, action: string, fields: Html): Html {
  const { name = "", namespace = "" } = object.metadata ?? {};
  return html`<form method="post" action="./${action}">
    ${formToken({ session })}<input type="hidden" name="resource" value="${groupResource(resource)}" /><input
      type="hidden"
      name="namespace"
      value="${namespace}"
    /><input type="hidden" name="name" value="${name}" />${fields}
  </form>`;
}

import { ageSince, groupResource, type KubeObject, type OwnerReference } from "@skiff/api";
import { cellText, requestTable, type DiscoveredResource, type Table } from "@skiff/client";
import { renderActions } from "../action-forms.ts";
import { address, listAddress, objectAddress } from "../addresses.ts";
import { newestEvents, renderEvents } from "../events.ts";
import { html, NO_HTML, type Html } from "../html.ts";
import { htmlTable } from "../html-table.ts";
import { renderNodeResources } from "../node-resources.ts";
import { objectYaml, withoutSecretValues } from "../object-yaml.ts";
import { explainError, PageError } from "../page-error.ts";
import type { Page, PageContext } from "../page-request.ts";
import { renderContainers } from "../pod-containers.ts";
import { relationsOf, renderRelations } from "../related-objects.ts";

const SHOWN_EVENTS = 50;

/** Everything about one object: what the server's columns say, its conditions, events, what belongs to it, and its YAML. */
export async function objectPage(context: PageContext): Promise<Page> {
  const { session, request } = context;
  const { resource, namespace, name, object, table } = await requestedObject(context);
  const key = groupResource(resource);
  const relations = relationsOf(key, object);
  const [owners, details, related, events] = await Promise.all([
    renderOwners(context, object),
    renderDetails(context, key, object),
    renderRelations(context, object, relations),
    eventSection(context, object),
  ]);
  const hideSecrets = key === "secrets" && request.query.get("values") !== "1";
  const shown = hideSecrets ? withoutSecretValues(object) : object;
  const withManagedFields = request.query.get("managed") === "1";
  const here = objectAddress(resource, { namespace, name });
  const owned =
    relations.length === 0 &&
    html`<p><a href="${objectAddress(resource, { namespace, name }, "owned")}">Look for everything that it owns</a></p>`;
  return {
    title: `${resource.kind} ${name}`,
    watches: [
      { resource: key, namespace, name },
      ...relations.map((each) => ({ resource: each.resource, namespace })),
      { resource: "events", namespace },
    ],
    content: html`<p class="trail">
        <a href="${listAddress(resource, namespace)}">${resource.plural}</a
        >${namespace !== undefined && html` in <a href="${address("", { namespace })}">${namespace}</a>`}
      </p>
      <div data-live="actions">${renderActions({ session, resource, object })}</div>
      <div data-live="object">
        ${facts(context, shown, table, owners)} ${details} ${conditions(object, context.host.clock.now())} ${related} ${owned} ${events}
        <section aria-labelledby="yaml-heading">
          <h2 id="yaml-heading">YAML</h2>
          ${hideSecrets && html`<p><a href="${here}&amp;values=1">Show the values</a></p>`}
          <pre class="yaml" tabindex="0">${objectYaml(shown, { withManagedFields })}</pre>
          ${!withManagedFields && html`<p><a href="${here}&amp;managed=1">Show managed fields</a></p>`}
        </section>
      </div>`,
  };
}

/** The object that a request names. */
export interface RequestedObject {
  readonly resource: DiscoveredResource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly object: KubeObject;
  /** The same object as the server shows it to people. */
  readonly table: Table;
}

/** Reads the object that the query names. */
export async function requestedObject({ host, session, request }: PageContext): Promise<RequestedObject> {
  const resource = await session.catalog.resource(request.query.get("resource"));
  const namespace = (resource.namespaced && request.query.get("namespace")) || undefined;
  const name = request.query.get("name") ?? "";
  if (name === "" || (resource.namespaced && namespace === undefined)) throw new PageError(400, "The address names no object.");
  const options = { namespace, name, includeObject: "Object", signal: request.signal } as const;
  const table = await requestTable(session.client, resource, options, host.clock.now());
  const object = table.rows[0]?.object;
  if (object === undefined) throw new PageError(502, "The API server answered without the object.");
  return { resource, namespace, name, object, table };
}

/** What the columns of the kind say, and the metadata. */
function facts({ host }: PageContext, object: KubeObject, table: Table, owners: readonly Html[]): Html {
  const { labels = {}, annotations = {}, creationTimestamp, deletionTimestamp, finalizers = [], uid } = object.metadata ?? {};
  const columns = table.columnDefinitions.map(({ name }, index) => ({ name, text: cellText(table.rows[0]?.cells[index]) }));
  const pairs = (map: Readonly<Record<string, string>>): readonly Html[] =>
    Object.entries(map).map(([key, value]) => html`<li><code>${key}</code>: ${value}</li>`);
  const fact = (name: string, value: Html | string): Html =>
    html`<div>
      <dt>${name}</dt>
      <dd>${value}</dd>
    </div>`;
  const created = `${creationTimestamp ?? ""} (${ageSince(creationTimestamp, host.clock.now())} ago)`;
  return html`<dl class="facts">
      ${columns.filter(({ name }) => name !== "Name" && name !== "Age").map(({ name, text }) => fact(name, text))}
      ${creationTimestamp !== undefined && fact("Created", created)}
      ${deletionTimestamp !== undefined && fact("Being deleted since", deletionTimestamp)}
      ${finalizers.length > 0 && fact("Finalizers", finalizers.join(", "))} ${uid !== undefined && fact("UID", uid)}
      ${
        owners.length > 0 &&
        fact(
          "Owner",
          html`<ul>
            ${owners}
          </ul>`,
        )
      }
      ${
        Object.keys(labels).length > 0 &&
        fact(
          "Labels",
          html`<ul>
            ${pairs(labels)}
          </ul>`,
        )
      }
    </dl>
    ${
      Object.keys(annotations).length > 0 &&
      html`<details>
        <summary>Annotations</summary>
        <ul>
          ${pairs(annotations)}
        </ul>
      </details>`
    }`;
}

async function renderOwners({ session }: PageContext, object: KubeObject): Promise<readonly Html[]> {
  const { ownerReferences = [], namespace } = object.metadata ?? {};
  return Promise.all(
    ownerReferences.map(async (owner: OwnerReference) => {
      const text = `${owner.kind} ${owner.name}`;
      const resource = await session.catalog.ofKind(owner);
      if (resource === undefined) return html`<li>${text}</li>`;
      const target = objectAddress(resource, { namespace: resource.namespaced ? namespace : undefined, name: owner.name });
      return html`<li><a href="${target}">${text}</a></li>`;
    }),
  );
}

/** What only some kinds have. */
async function renderDetails(context: PageContext, key: string, object: KubeObject): Promise<Html> {
  if (key === "pods") return renderContainers(context, object);
  if (key === "namespaces") return html`<p><a href="${address("", { namespace: object.metadata?.name })}">What is in it</a></p>`;
  return key === "nodes" ? renderNodeResources(context, object) : NO_HTML;
}

/** `status.conditions`, which all kinds that have it write alike; of custom kinds it may be anything. */
function conditions(object: KubeObject, nowMs: number): Html | undefined {
  const found = (object as { readonly status?: { readonly conditions?: unknown } }).status?.conditions;
  if (!Array.isArray(found) || found.length === 0) return undefined;
  const rows = found.map((condition: unknown) => {
    const fields = (condition ?? {}) as Readonly<Record<string, unknown>>;
    const text = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
    return html`<tr>
      <th scope="row">${text("type")}</th>
      <td>${text("status")}</td>
      <td>${ageSince(text("lastTransitionTime"), nowMs)}</td>
      <td>${text("reason")}</td>
      <td>${text("message")}</td>
    </tr>`;
  });
  return htmlTable({ caption: "Conditions", headings: ["Type", "Status", "For", "Reason", "Message"], rows });
}

async function eventSection(context: PageContext, object: KubeObject): Promise<Html> {
  const { namespace, uid = "", name = "" } = object.metadata ?? {};
  // Events about nodes carry the node's name as UID, as upstream's kubelet writes them.
  const fieldSelector = object.kind === "Node" ? `involvedObject.kind=Node,involvedObject.name=${name}` : `involvedObject.uid=${uid}`;
  try {
    const events = await newestEvents(context, { namespace, fieldSelector, count: SHOWN_EVENTS });
    return await renderEvents(context, events, "Events", false);
  } catch (error) {
    return html`<h2>Events</h2>
      <p>${explainError(error).sentence}</p>`;
  }
}

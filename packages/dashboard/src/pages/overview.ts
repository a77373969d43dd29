import {
  cronJobKind,
  daemonSetKind,
  deploymentKind,
  groupResource,
  jobKind,
  podKind,
  statefulSetKind,
  type KubeObject,
  type Resource,
} from "@skiff/api";
import { requestTable, type Table } from "@skiff/client";
import { listAddress } from "../addresses.ts";
import { newestEvents, renderEvents } from "../events.ts";
import { html, NO_HTML, type Html } from "../html.ts";
import { renderTable } from "../object-table.ts";
import { explainError } from "../page-error.ts";
import type { Page, PageContext } from "../page-request.ts";
import { pluralTitle } from "../resource-names.ts";
import {
  cronJobState,
  daemonSetState,
  deploymentState,
  jobState,
  podState,
  statefulSetState,
  type StateLevel,
  type WorkloadState,
} from "../workload-state.ts";

/** So many objects of a kind are counted; of more the page says so. */
const COUNT_LIMIT = 1000;
/** So many rows of a kind are shown; the list has the others. */
const SHOWN_ROWS = 10;
const SHOWN_WARNINGS = 15;

/** A kind of workload and how its objects are counted. */
interface WorkloadKind {
  readonly resource: Resource;
  state(object: KubeObject): WorkloadState;
}

function workload<T extends KubeObject>(resource: Resource<T>, state: (object: T) => WorkloadState): WorkloadKind {
  return { resource: resource as Resource, state: (object) => state(object as T) };
}

const WORKLOADS: readonly WorkloadKind[] = [
  workload(deploymentKind, deploymentState),
  workload(statefulSetKind, statefulSetState),
  workload(daemonSetKind, daemonSetState),
  workload(jobKind, jobState),
  workload(cronJobKind, cronJobState),
  workload(podKind, podState),
];

/** The workloads of a namespace or of all, with their states, and what went wrong lately. */
export async function overviewPage(context: PageContext): Promise<Page> {
  const namespace = context.request.query.get("namespace") || undefined;
  const [sections, warnings] = await Promise.all([
    Promise.all(WORKLOADS.map((kind) => workloadSection(context, kind, namespace))),
    warningSection(context, namespace),
  ]);
  return {
    title: namespace === undefined ? "Overview of all namespaces" : `Overview of namespace ${namespace}`,
    watches: [...WORKLOADS.map(({ resource }) => ({ resource: groupResource(resource), namespace })), { resource: "events", namespace }],
    content: html`<div data-live="overview">
      <ul class="cards">
        ${sections.map(({ card }) => card)}
      </ul>
      ${warnings} ${sections.map(({ rows }) => rows)}
    </div>`,
  };
}

interface WorkloadSection {
  readonly card: Html;
  readonly rows: Html;
}

async function workloadSection(context: PageContext, kind: WorkloadKind, namespace: string | undefined): Promise<WorkloadSection> {
  const { host, session, request } = context;
  const { resource } = kind;
  const title = pluralTitle(resource);
  const link = html`<a href="${listAddress(resource, namespace)}">${title}</a>`;
  let table: Table;
  try {
    const options = { namespace, limit: COUNT_LIMIT, includeObject: "Object", signal: request.signal } as const;
    table = await requestTable(session.client, resource, options, host.clock.now());
  } catch (error) {
    // Rights may reach to some kinds only: the others are worth seeing.
    return {
      card: html`<li>
        <h2>${link}</h2>
        <p>${explainError(error).sentence}</p>
      </li>`,
      rows: NO_HTML,
    };
  }
  const more = table.metadata?.remainingItemCount ?? 0;
  const rows = table.rows.map((row) => ({ row, state: stateOf(row, kind) }));
  const counts = countStates(rows);
  const card = html`<li data-workload="${groupResource(resource)}">
    <h2>${link}</h2>
    <p class="total">${table.rows.length + more}</p>
    <ul>
      ${counts.map(({ word, level, count }) => html`<li><span class="state ${level}">${word}</span> ${count}</li>`)}
    </ul>
    ${more > 0 && html`<p>The states are those of the first ${table.rows.length}.</p>`}
  </li>`;
  if (table.rows.length === 0) return { card, rows: NO_HTML };
  const shown = renderTable(
    { ...table, rows: worstFirst(rows).slice(0, SHOWN_ROWS) },
    { caption: title, resource, withNamespace: namespace === undefined },
  );
  const rest = table.rows.length + more - SHOWN_ROWS;
  return {
    card,
    rows: html`${shown}${rest > 0 && html`<p><a href="${listAddress(resource, namespace)}">All ${title}, ${rest} more</a></p>`}`,
  };
}

interface StatedRow {
  readonly row: Table["rows"][number];
  readonly state: WorkloadState;
}

interface StateCount extends WorkloadState {
  readonly count: number;
}

const LEVELS: readonly StateLevel[] = ["bad", "busy", "good", "rest"];

function stateOf(row: Table["rows"][number], kind: WorkloadKind): WorkloadState {
  return row.object === undefined ? { level: "rest", word: "Unknown" } : kind.state(row.object);
}

/** How many objects are in which state, what needs somebody first. */
function countStates(rows: readonly StatedRow[]): readonly StateCount[] {
  const counts = new Map<string, StateCount>();
  for (const { state } of rows) {
    counts.set(state.word, { ...state, count: (counts.get(state.word)?.count ?? 0) + 1 });
  }
  return [...counts.values()].sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || a.word.localeCompare(b.word, "en"));
}

function worstFirst(rows: readonly StatedRow[]): Table["rows"] {
  return [...rows].sort((a, b) => LEVELS.indexOf(a.state.level) - LEVELS.indexOf(b.state.level)).map(({ row }) => row);
}

async function warningSection(context: PageContext, namespace: string | undefined): Promise<Html> {
  const caption = "Recent warnings";
  try {
    const events = await newestEvents(context, { namespace, fieldSelector: "type=Warning", count: SHOWN_WARNINGS });
    return await renderEvents(context, events, caption, true);
  } catch (error) {
    return html`<h2>${caption}</h2>
      <p>${explainError(error).sentence}</p>`;
  }
}

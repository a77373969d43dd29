import { podKind, resourcePath, type Pod } from "@skiff/api";
import { address } from "../addresses.ts";
import { html, type Html } from "../html.ts";
import { explainError, PageError } from "../page-error.ts";
import type { Page, PageContext, PageReply } from "../page-request.ts";

const DEFAULT_LINES = 200;
const MAX_LINES = 10_000;
/** What one page of log may be long; the API server cuts it there. */
const LIMIT_BYTES = 2 * 1024 * 1024;

interface LogSelection {
  readonly namespace: string;
  readonly name: string;
  readonly container: string | undefined;
  readonly previous: boolean;
  readonly lines: number;
}

function selection({ request: { query } }: PageContext): LogSelection {
  const [namespace, name] = [query.get("namespace") ?? "", query.get("name") ?? ""];
  if (namespace === "" || name === "") throw new PageError(400, "The address names no Pod.");
  const lines = Number(query.get("lines") ?? DEFAULT_LINES);
  if (!Number.isInteger(lines) || lines < 1 || lines > MAX_LINES) throw new PageError(400, `Choose 1 to ${MAX_LINES} lines.`);
  return { namespace, name, container: query.get("container") || undefined, previous: query.get("previous") === "1", lines };
}

/** The end of a container's log, followed by the page's script. Without it the same text can be had as it comes. */
export async function logsPage(context: PageContext): Promise<Page> {
  const { session } = context;
  const chosen = selection(context);
  const { namespace, name, previous, lines } = chosen;
  const pod = await session.client.resource(podKind).get({ namespace, name });
  const containers = containerNames(pod);
  const container = chosen.container ?? defaultContainer(pod) ?? containers[0] ?? "";
  const { text, problem } = await readLog(context, { ...chosen, container });
  const parameters = { resource: "pods", namespace, name, container, lines: String(lines), previous: previous ? "1" : undefined };
  const follow = address("log", { ...parameters, follow: "1" });
  const field = (label: string, control: Html): Html => html`<label>${label} ${control}</label>`;
  return {
    title: `Logs of ${name}`,
    content: html`<p class="trail"><a href="${address("object", { resource: "pods", namespace, name })}">Pod ${name}</a></p>
      <form class="filter" method="get" action="./logs">
        <input type="hidden" name="resource" value="pods" /><input type="hidden" name="namespace" value="${namespace}" /><input
          type="hidden"
          name="name"
          value="${name}"
        />
        ${field(
          "Container",
          html`<select name="container">
            ${containers.map((each) => html`<option${each === container && html` selected`}>${each}</option>`)}
          </select>`,
        )}
        ${field("Lines", html`<input type="number" name="lines" min="1" max="${MAX_LINES}" value="${lines}" />`)}
        <label><input type="checkbox" name="previous" value="1" ${previous && html` checked`} /> Before the last restart</label>
        <button>Show</button>
      </form>
      <p><a id="follow" href="${follow}" ${!previous && html` data-follow="log"`}>Follow</a></p>
      ${problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`}
      <pre id="log" tabindex="0" role="log" aria-label="Log of ${container}">${text}</pre>`,
  };
}

function containerNames({ spec }: Pod): readonly string[] {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])].map(({ name }) => name);
}

/** The one that kubectl takes when none is named. */
function defaultContainer(pod: Pod): string | undefined {
  return pod.metadata?.annotations?.["kubectl.kubernetes.io/default-container"];
}

/** The end of the log, or why there is none: a container that has not started is no reason to show nothing else. */
async function readLog(context: PageContext, chosen: LogSelection): Promise<{ readonly text: string; readonly problem?: string }> {
  try {
    return { text: await requestLog(context, chosen) };
  } catch (error) {
    return { text: "", problem: explainError(error).sentence };
  }
}

async function requestLog(
  { session, request }: PageContext,
  { namespace, name, container, previous, lines }: LogSelection,
): Promise<string> {
  const path = resourcePath(podKind, { namespace, name, subresource: "log" });
  const query = { container, previous: previous || undefined, tailLines: lines, limitBytes: LIMIT_BYTES };
  const answer = await session.client.raw({ method: "GET", path, query, signal: request.signal });
  return typeof answer === "string" ? answer : JSON.stringify(answer);
}

/** `log`: the log as plain text; with `follow=1` it goes on until the container ends or nobody listens. */
export async function logStream(context: PageContext): Promise<PageReply> {
  const { session, request } = context;
  const { namespace, name, container, previous, lines } = selection(context);
  const follow = request.query.get("follow") === "1";
  const path = resourcePath(podKind, { namespace, name, subresource: "log" });
  const query = { container, previous: previous || undefined, tailLines: lines, follow: follow || undefined };
  const body = await session.client.transport.stream({ method: "GET", path, query, signal: request.signal });
  return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

import { describe, expect, it } from "vitest";
import { statusError, type ApiRequest, type Transport } from "@skiff/api";
import { silentLogger, systemRandom, VirtualClock } from "@skiff/base";
import { Client } from "@skiff/client";
import type { PageContext } from "../page-request.ts";
import { Sessions } from "../sessions.ts";
import { logsPage, logStream } from "./logs.ts";

const POD = { metadata: { name: "a", namespace: "default" }, spec: { containers: [{ name: "web" }, { name: "helper" }] } };

const NOT_STARTED = 'container "web" in pod "a" is waiting to start: ContainerCreating';

/** A context whose API server has one Pod with that log; `asked` gets the requests for the log. */
function context(address: string, log: string, asked: ApiRequest[] = []): PageContext {
  const transport: Transport = {
    request: async (request) => {
      const isLog = request.path.endsWith("/log");
      if (isLog) asked.push(request);
      if (isLog && log === NOT_STARTED) throw statusError("BadRequest", NOT_STARTED);
      return { status: 200, headers: {}, body: isLog ? log : POD };
    },
    watch: () => Promise.reject(new Error("nothing is watched")),
    stream: async (request) => {
      asked.push(request);
      return (async function* () {
        yield Buffer.from(log);
      })();
    },
  };
  const host = { clock: new VirtualClock(), random: systemRandom, log: silentLogger };
  const session = new Sessions(host, 1000).begin({ client: new Client(transport), close: () => {} }, "jane");
  const query = new URLSearchParams(address);
  const request = {
    method: "GET" as const,
    page: "logs",
    query,
    form: new URLSearchParams(),
    headers: {},
    signal: new AbortController().signal,
  };
  return { host, session, request };
}

describe("logs", () => {
  it("are text, whatever is in them", async () => {
    const { content } = await logsPage(context("namespace=default&name=a", "</pre><script>alert(1)</script>\n"));
    expect(content.text).toContain("&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(content.text).not.toContain("<script");
  });

  it("are those of the chosen container, else of the first", async () => {
    const asked: ApiRequest[] = [];
    await logsPage(context("namespace=default&name=a&lines=5&previous=1&container=helper", "", asked));
    await logsPage(context("namespace=default&name=a", "", asked));
    expect(asked.map(({ path, query }) => ({ path, ...query }))).toMatchObject([
      { path: "/api/v1/namespaces/default/pods/a/log", container: "helper", previous: true, tailLines: 5 },
      { container: "web", previous: undefined, tailLines: 200 },
    ]);
  });

  it("that are not there yet are told about, with the way to the others", async () => {
    const { content } = await logsPage(context("namespace=default&name=a", NOT_STARTED));
    expect(content.text).toContain(NOT_STARTED.replaceAll('"', "&quot;"));
    expect(content.text).toContain("<option>helper</option>");
  });

  it("can be followed as plain text", async () => {
    const asked: ApiRequest[] = [];
    const reply = await logStream(context("namespace=default&name=a&container=web&follow=1", "<b>\n", asked));
    expect(reply.headers["content-type"]).toBe("text/plain; charset=utf-8");
    let text = "";
    for await (const chunk of reply.body as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString();
    expect(text).toBe("<b>\n");
    expect(asked[0]?.query).toMatchObject({ container: "web", follow: true, tailLines: 200 });
  });

  it.each(["name=a", "namespace=default", "namespace=default&name=a&lines=0", "namespace=default&name=a&lines=all"])(
    "%s names none",
    async (address) => {
      await expect(logsPage(context(address, ""))).rejects.toMatchObject({ status: 400 });
    },
  );
});

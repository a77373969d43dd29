import { describe, expect, it } from "vitest";
import { ElasticsearchUsers } from "./elasticsearch-users.ts";
import { StoreUnavailable } from "./user-store.ts";

const ADA = { email: "Ada@example.com", digest: "d", profile: { summary: "counts" } };

interface Sent {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

/** A store whose server gives the answers in turn, and what was sent to it. */
function usersWith(...answers: readonly (readonly [status: number, body: unknown])[]): { users: ElasticsearchUsers; sent: Sent[] } {
  const sent: Sent[] = [];
  const left = [...answers];
  const fetchStub = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    sent.push({
      method: init.method ?? "GET",
      url: String(url),
      body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
    });
    const next = left.shift();
    if (next === undefined) throw new TypeError("fetch failed");
    return Response.json(next[1], { status: next[0] });
  };
  return { users: new ElasticsearchUsers({ url: "http://es:9200", index: "hobnob", fetch: fetchStub }), sent };
}

describe("ElasticsearchUsers", () => {
  it("creates under an id that follows from the address, so that two copies cannot both take it", async () => {
    const { users, sent } = usersWith([201, {}], [409, {}]);
    const id = await users.create(ADA);
    expect(id).toMatch(/^[\w-]{20}$/);
    expect(await users.create({ ...ADA, email: "ada@EXAMPLE.com" })).toBeUndefined();
    expect(sent.map(({ method, url }) => `${method} ${url}`)).toEqual(
      Array(2).fill(`PUT http://es:9200/hobnob/user/${id}/_create?refresh=wait_for`),
    );
  });

  it("begins a change again when somebody else was quicker", async () => {
    const { users, sent } = usersWith(
      [200, { _id: "a", _version: 3, _source: ADA }],
      [409, {}],
      [200, { _id: "a", _version: 4, _source: { ...ADA, profile: { bio: "new" } } }],
      [200, {}],
    );
    expect(await users.changeProfile("a", (profile) => ({ ...profile, summary: "sings" }))).toBe(true);
    expect(sent[3]).toEqual({
      method: "PUT",
      url: "http://es:9200/hobnob/user/a?version=4&refresh=wait_for",
      body: { ...ADA, profile: { bio: "new", summary: "sings" } },
    });
  });

  it("searches in all words of a profile, and finds nothing while there is no index", async () => {
    const { users, sent } = usersWith([200, { hits: { hits: [{ _id: "a", _source: ADA }] } }], [200, { hits: { hits: [] } }]);
    expect(await users.search("counts", 10)).toEqual([{ ...ADA, id: "a" }]);
    expect(await users.search(undefined, 10)).toEqual([]);
    expect(sent.map(({ body }) => body)).toMatchObject([
      { size: 10, query: { multi_match: { query: "counts" } } },
      { size: 10, query: { match_all: {} } },
    ]);
  });

  it("does not let an id lead to another path", async () => {
    const { users, sent } = usersWith([404, {}]);
    expect(await users.get("../_all?x")).toBeUndefined();
    expect(sent[0]?.url).toBe("http://es:9200/hobnob/user/..%2F_all%3Fx");
  });

  it("says that the store is unavailable, whether it does not answer or answers with an error", async () => {
    await expect(usersWith().users.get("a")).rejects.toThrow(StoreUnavailable);
    await expect(usersWith([503, {}]).users.get("a")).rejects.toThrow("Elasticsearch answered 503 to GET user/a");
    expect(await usersWith().users.ready()).toBe(false);
    expect(await usersWith([200, { status: "yellow" }]).users.ready()).toBe(true);
    expect(await usersWith([200, { status: "red" }]).users.ready()).toBe(false);
  });
});

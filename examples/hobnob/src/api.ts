import { InvalidContent, parseProfile, parseUser } from "./user.ts";
import { type StoredUser, StoreUnavailable, type UserStore } from "./user-store.ts";

const SEARCH_LIMIT = 100;

/** A request as far as the API looks at it. */
interface ApiRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly contentType: string | undefined;
  readonly body: string;
}

/** An answer; `body` is sent as JSON, a string as plain text. */
export interface ApiAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers one request. Never rejects. */
export async function answer(store: UserStore, request: ApiRequest): Promise<ApiAnswer> {
  try {
    return await route(store, request);
  } catch (error) {
    if (error instanceof InvalidContent) return problem(400, error.message);
    if (error instanceof StoreUnavailable) return problem(503, error.message);
    return problem(500, "Internal Server Error");
  }
}

async function route(store: UserStore, request: ApiRequest): Promise<ApiAnswer> {
  const { pathname, searchParams } = new URL(request.target, "http://api");
  if (pathname === "/healthz") return request.method === "GET" ? { status: 200, body: "ok" } : notAllowed("GET");
  if (pathname === "/readyz") return (await store.ready()) ? { status: 200, body: "ok" } : problem(503, "Elasticsearch is not ready");
  const [, collection, id, ...rest] = pathname.replace(/\/$/, "").split("/");
  if (collection !== "users" || rest.length > 0) return problem(404, "Not Found");
  if (id === undefined) return users(store, request, searchParams);
  return user(store, request, id);
}

async function users(store: UserStore, request: ApiRequest, query: URLSearchParams): Promise<ApiAnswer> {
  switch (request.method) {
    case "GET": {
      const found = await store.search(query.get("query") ?? undefined, SEARCH_LIMIT);
      return { status: 200, body: found.map(shown) };
    }
    case "POST": {
      const id = await store.create(parseUser(contentOf(request)));
      if (id === undefined) return problem(409, "the e-mail address is taken");
      return { status: 201, body: id, headers: { location: `/users/${id}` } };
    }
    default:
      return notAllowed("GET, POST");
  }
}

async function user(store: UserStore, request: ApiRequest, id: string): Promise<ApiAnswer> {
  const found = (exists: boolean): ApiAnswer => (exists ? { status: 204 } : problem(404, "there is no such user"));
  switch (request.method) {
    case "GET": {
      const stored = await store.get(id);
      return stored === undefined ? problem(404, "there is no such user") : { status: 200, body: shown(stored) };
    }
    case "PUT": {
      const profile = parseProfile(contentOf(request));
      return found(await store.changeProfile(id, () => profile));
    }
    case "PATCH": {
      const part = parseProfile(contentOf(request));
      return found(
        await store.changeProfile(id, (profile) => ({
          ...profile,
          ...part,
          ...(part.name && { name: { ...profile.name, ...part.name } }),
        })),
      );
    }
    case "DELETE":
      return found(await store.remove(id));
    default:
      return notAllowed("GET, PUT, PATCH, DELETE");
  }
}

function contentOf({ contentType = "", body }: ApiRequest): unknown {
  if (!/^application\/json\b/i.test(contentType)) throw new InvalidContent("Content-Type must be application/json");
  try {
    return JSON.parse(body);
  } catch {
    throw new InvalidContent("the body is not JSON");
  }
}

/** What others may see of a user. */
function shown({ id, email, profile }: StoredUser): unknown {
  return { id, email, profile };
}

function problem(status: number, message: string): ApiAnswer {
  return { status, body: { message } };
}

function notAllowed(allow: string): ApiAnswer {
  return { ...problem(405, "Method Not Allowed"), headers: { allow } };
}

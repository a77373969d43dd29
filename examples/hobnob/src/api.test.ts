import { describe, expect, it } from "vitest";
import { answer, type ApiAnswer } from "./api.ts";
import type { Profile, User } from "./user.ts";
import { type StoredUser, StoreUnavailable, type UserStore } from "./user-store.ts";

const DIGEST = `$2a$10$${"a".repeat(53)}`;

class MemoryUsers implements UserStore {
  readonly users = new Map<string, User>();
  broken = false;

  #check(): void {
    if (this.broken) throw new StoreUnavailable("down");
  }

  async create(user: User): Promise<string | undefined> {
    this.#check();
    if ([...this.users.values()].some(({ email }) => email === user.email)) return undefined;
    const id = `u${this.users.size}`;
    this.users.set(id, user);
    return id;
  }

  async get(id: string): Promise<StoredUser | undefined> {
    this.#check();
    const user = this.users.get(id);
    return user && { ...user, id };
  }

  async search(words: string | undefined, limit: number): Promise<readonly StoredUser[]> {
    const all = [...this.users].map(([id, user]) => ({ ...user, id }));
    return all.filter((user) => words === undefined || JSON.stringify(user).includes(words)).slice(0, limit);
  }

  async changeProfile(id: string, change: (profile: Profile) => Profile): Promise<boolean> {
    const user = this.users.get(id);
    if (user) this.users.set(id, { ...user, profile: change(user.profile) });
    return user !== undefined;
  }

  async remove(id: string): Promise<boolean> {
    return this.users.delete(id);
  }

  async ready(): Promise<boolean> {
    return !this.broken;
  }
}

const store = (): MemoryUsers => new MemoryUsers();

function call(users: UserStore, method: string, target: string, content?: unknown): Promise<ApiAnswer> {
  const body = content === undefined ? "" : JSON.stringify(content);
  return answer(users, { method, target, contentType: content === undefined ? undefined : "application/json", body });
}

describe("the API", () => {
  it("creates, finds, changes, replaces and deletes a user, and never shows the digest", async () => {
    const users = store();
    const created = await call(users, "POST", "/users", { email: "ada@example.com", digest: DIGEST, profile: { summary: "counts" } });
    expect(created).toEqual({ status: 201, body: "u0", headers: { location: "/users/u0" } });
    const ada = { id: "u0", email: "ada@example.com", profile: { summary: "counts" } };
    expect(await call(users, "GET", "/users/u0")).toEqual({ status: 200, body: ada });
    expect(await call(users, "GET", "/users?query=counts")).toEqual({ status: 200, body: [ada] });
    expect(await call(users, "GET", "/users?query=sings")).toEqual({ status: 200, body: [] });
    await call(users, "PATCH", "/users/u0", { name: { first: "Ada" } });
    await call(users, "PATCH", "/users/u0", { name: { last: "Lovelace" } });
    expect(users.users.get("u0")?.profile).toEqual({ summary: "counts", name: { first: "Ada", last: "Lovelace" } });
    expect(await call(users, "PUT", "/users/u0", { bio: "x" })).toEqual({ status: 204 });
    expect(users.users.get("u0")).toEqual({ email: "ada@example.com", digest: DIGEST, profile: { bio: "x" } });
    expect(await call(users, "DELETE", "/users/u0")).toEqual({ status: 204 });
    expect((await call(users, "GET", "/users/u0")).status).toBe(404);
    expect((await call(users, "DELETE", "/users/u0")).status).toBe(404);
  });

  it.each([
    ["no digest", { email: "a@b.c" }, "email and digest are required"],
    ["a password for a digest", { email: "a@b.c", digest: "secret" }, "digest is not a bcrypt digest"],
    ["a strange address", { email: "nobody", digest: DIGEST }, "email is not an e-mail address"],
    ["a number for a text", { email: 5, digest: DIGEST }, "email is not a string"],
    ["an unknown field", { email: "a@b.c", digest: DIGEST, admin: true }, 'the user has an unknown field "admin"'],
    ["a list", [], "the user is not an object"],
    ["a long biography", { email: "a@b.c", digest: DIGEST, profile: { bio: "x".repeat(4097) } }, "bio is longer than 4096 characters"],
  ])("refuses %s", async (_what, content, message) => {
    expect(await call(store(), "POST", "/users", content)).toEqual({ status: 400, body: { message } });
  });

  it("refuses what is not JSON, methods and paths that it does not have, and an address that is taken", async () => {
    const users = store();
    const broken = await answer(users, { method: "POST", target: "/users", contentType: "application/json", body: "{" });
    expect(broken).toEqual({ status: 400, body: { message: "the body is not JSON" } });
    expect((await answer(users, { method: "POST", target: "/users", contentType: "text/plain", body: "{}" })).status).toBe(400);
    expect(await call(users, "DELETE", "/users")).toMatchObject({ status: 405, headers: { allow: "GET, POST" } });
    expect((await call(users, "GET", "/")).status).toBe(404);
    expect((await call(users, "GET", "/users/a/b")).status).toBe(404);
    await call(users, "POST", "/users", { email: "ada@example.com", digest: DIGEST });
    expect((await call(users, "POST", "/users", { email: "ada@example.com", digest: DIGEST })).status).toBe(409);
  });

  it("is alive but not ready without its store, and says so", async () => {
    const users = store();
    users.broken = true;
    expect((await call(users, "GET", "/healthz")).status).toBe(200);
    expect((await call(users, "GET", "/readyz")).status).toBe(503);
    expect(await call(users, "GET", "/users/u0")).toEqual({ status: 503, body: { message: "down" } });
  });
});

import type { Host } from "@skiff/base";
import type { Client } from "@skiff/client";
import { Catalog } from "./catalog.ts";

/** How the dashboard reaches the API server for one user. */
export interface Connection {
  readonly client: Client;
  /** Closes idle connections. */
  close(): void;
}

/** A browser that has signed in: what it sees and does, it does as this user. */
export interface Session {
  /** The value of the cookie. */
  readonly id: string;
  /** Must come with every form. */
  readonly formToken: string;
  readonly client: Client;
  readonly catalog: Catalog;
  /** The name that the API server knows the user by. */
  readonly user: string;
}

/** More sessions than these are never kept; the one that was idle longest ends. */
const SESSION_LIMIT = 64;
const ID_BYTES = 32;

interface KeptSession {
  readonly session: Session;
  readonly connection: Connection;
  usedAtMs: number;
}

/** The sessions of a dashboard. They are in memory only: after a restart everybody signs in again. */
export class Sessions {
  readonly #host: Host;
  readonly #idleMs: number;
  readonly #kept = new Map<string, KeptSession>();

  /** A session ends `idleMs` after its last use. */
  constructor(host: Host, idleMs: number) {
    this.#host = host;
    this.#idleMs = idleMs;
  }

  /** Begins a session, which owns `connection` from now on. */
  begin(connection: Connection, user: string): Session {
    this.#endIdle();
    if (this.#kept.size >= SESSION_LIMIT) {
      const [oldest] = [...this.#kept.values()].sort((a, b) => a.usedAtMs - b.usedAtMs);
      if (oldest !== undefined) this.end(oldest.session);
    }
    const { client } = connection;
    const id = newSecret(this.#host);
    const session: Session = { id, formToken: newSecret(this.#host), client, catalog: new Catalog(client, this.#host.clock), user };
    this.#kept.set(id, { session, connection, usedAtMs: this.#host.clock.monotonic() });
    return session;
  }

  /** The session of a cookie; it counts as used now. */
  find(id: string | undefined): Session | undefined {
    this.#endIdle();
    const kept = id === undefined ? undefined : this.#kept.get(id);
    if (kept === undefined) return undefined;
    kept.usedAtMs = this.#host.clock.monotonic();
    return kept.session;
  }

  end(session: Session): void {
    this.#kept.get(session.id)?.connection.close();
    this.#kept.delete(session.id);
  }

  endAll(): void {
    for (const { session } of this.#kept.values()) this.end(session);
  }

  #endIdle(): void {
    const oldestMs = this.#host.clock.monotonic() - this.#idleMs;
    for (const { session, usedAtMs } of this.#kept.values()) if (usedAtMs < oldestMs) this.end(session);
  }
}

/** A secret that nobody can guess, fit for addresses and cookies. */
export function newSecret(host: Host): string {
  return Buffer.from(host.random.bytes(ID_BYTES)).toString("base64url");
}

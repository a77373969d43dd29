import { createRequire } from "node:module";
import type { Database } from "node-sqlite3-wasm";
import type { Sql, SqlChange, SqlRow, SqlValue } from "./sql.ts";

// Node.js does not see what this package exports when it is imported.
const sqlite = createRequire(import.meta.url)("node-sqlite3-wasm") as typeof import("node-sqlite3-wasm");

/** {@link Sql} over SQLite, in memory or in a file: for development without a database server, and for tests. */
export class SqliteSql implements Sql {
  readonly #database: Database;
  /** One connection knows one transaction: they take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(file = ":memory:") {
    this.#database = new sqlite.Database(file);
  }

  async select(statement: string, parameters: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    await this.#turn;
    return this.#select(statement, parameters);
  }

  async change(statement: string, parameters: readonly SqlValue[] = []): Promise<SqlChange> {
    await this.#turn;
    return this.#change(statement, parameters);
  }

  transaction<T>(work: (sql: Pick<Sql, "select" | "change">) => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => this.#transaction(work));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.#turn;
    this.#database.close();
  }

  async #transaction<T>(work: (sql: Pick<Sql, "select" | "change">) => Promise<T>): Promise<T> {
    this.#database.exec("BEGIN");
    try {
      const result = await work({
        select: async (statement, parameters = []) => this.#select(statement, parameters),
        change: async (statement, parameters = []) => this.#change(statement, parameters),
      });
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #select(statement: string, parameters: readonly SqlValue[]): readonly SqlRow[] {
    return this.#database.all(statement, [...parameters]) as SqlRow[];
  }

  #change(statement: string, parameters: readonly SqlValue[]): SqlChange {
    const { changes, lastInsertRowid } = this.#database.run(statement, [...parameters]);
    return { affectedRows: changes, insertId: Number(lastInsertRowid) };
  }
}

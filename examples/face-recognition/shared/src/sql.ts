/** A value in a row or a parameter. */
export type SqlValue = string | number | null;

/** A row by its columns. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** What came of a statement that changes rows. */
export interface SqlChange {
  readonly affectedRows: number;
  /** Of the (first) row that was inserted, 0 when there is none. */
  readonly insertId: number;
}

/**
 * A database, as far as the services need it: statements that MySQL, MariaDB and SQLite understand alike, with `?` for
 * parameters.
 *
 * Errors: rejects with the driver's error.
 */
export interface Sql {
  select(statement: string, parameters?: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  change(statement: string, parameters?: readonly SqlValue[]): Promise<SqlChange>;
  /** All that `work` does takes effect at once when it ends, and not at all when it fails. */
  transaction<T>(work: (sql: Pick<Sql, "select" | "change">) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

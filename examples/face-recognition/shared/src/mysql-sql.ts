import { createPool, type Pool, type PoolConnection, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import type { Environment } from "./environment.ts";
import type { Sql, SqlChange, SqlRow, SqlValue } from "./sql.ts";

const CONNECT_TIMEOUT_MS = 3_000;

/** Statements that wait for a connection; more fail at once, so that a slow database does not fill the memory. */
const QUEUE_LIMIT = 1_000;

/**
 * The database of the documents' variables: MYSQL_CONNECTION (host), MYSQL_USERPASSWORD (`user:password`), MYSQL_PORT and
 * MYSQL_DBNAME. It is connected to when it is first used.
 */
export function mysqlFromEnvironment(environment: Environment, connections = 8): Sql {
  const [user = "", ...password] = environment.text("MYSQL_USERPASSWORD").split(":");
  return new MysqlSql(
    createPool({
      host: environment.text("MYSQL_CONNECTION"),
      port: environment.port("MYSQL_PORT", 3306),
      user,
      password: password.join(":"),
      database: environment.text("MYSQL_DBNAME", "kube"),
      connectionLimit: connections,
      queueLimit: QUEUE_LIMIT,
      connectTimeout: CONNECT_TIMEOUT_MS,
      enableKeepAlive: true,
      // Numbers that fit are numbers; milliseconds since 1970 do.
      supportBigNumbers: true,
    }),
  );
}

/** {@link Sql} over a pool of connections to MySQL or MariaDB. */
class MysqlSql implements Sql {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  select(statement: string, parameters: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    return select(this.#pool, statement, parameters);
  }

  change(statement: string, parameters: readonly SqlValue[] = []): Promise<SqlChange> {
    return change(this.#pool, statement, parameters);
  }

  async transaction<T>(work: (sql: Pick<Sql, "select" | "change">) => Promise<T>): Promise<T> {
    const connection = await this.#pool.getConnection();
    try {
      await connection.beginTransaction();
      const result = await work({
        select: (statement, parameters = []) => select(connection, statement, parameters),
        change: (statement, parameters = []) => change(connection, statement, parameters),
      });
      await connection.commit();
      connection.release();
      return result;
    } catch (error) {
      // A connection that may hold a transaction is not used again.
      connection.destroy();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

async function select(connection: Pool | PoolConnection, statement: string, parameters: readonly SqlValue[]): Promise<readonly SqlRow[]> {
  const [rows] = await connection.query<(RowDataPacket & SqlRow)[]>(statement, [...parameters]);
  return rows;
}

async function change(connection: Pool | PoolConnection, statement: string, parameters: readonly SqlValue[]): Promise<SqlChange> {
  const [{ affectedRows, insertId }] = await connection.query<ResultSetHeader>(statement, [...parameters]);
  return { affectedRows, insertId };
}

/**
 * The Job that brings the database to the schema of this version. It waits for the database (WAIT_SECONDS, default 120),
 * lets nobody else migrate meanwhile, and ends with 0 when all is done.
 */
import { Environment } from "#shared/environment.ts";
import { createLog } from "#shared/log.ts";
import { mysqlFromEnvironment } from "#shared/mysql-sql.ts";
import { migrate } from "./migrations.ts";

const RETRY_MS = 1_000;

/** Another migration may take so long. */
const LOCK_SECONDS = 60;

const log = createLog("migration");
const environment = new Environment(process.env);
// The lock is that of a connection, so there must be one only.
const sql = mysqlFromEnvironment(environment, 1);
const deadline = Date.now() + environment.integer("WAIT_SECONDS", 120) * 1000;

for (let waited = false; ; waited = true) {
  try {
    const [row] = await sql.select("SELECT GET_LOCK('migrations', ?) AS locked", [LOCK_SECONDS]);
    if (row?.locked !== 1) throw new Error("another migration is running");
    break;
  } catch (error) {
    if (Date.now() > deadline) {
      log.error({ err: error }, "the database cannot be reached");
      process.exit(1);
    }
    if (!waited) log.info({ err: error }, "waiting for the database");
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
try {
  log.info({ migrations: await migrate(sql, "mysql") }, "migrated");
  await sql.close();
} catch (error) {
  log.error({ err: error }, "migration failed");
  process.exit(1);
}

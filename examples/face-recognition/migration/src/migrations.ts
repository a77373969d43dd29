import type { Sql } from "#shared/sql.ts";

/** How the two kinds of databases number rows. */
type Dialect = "mysql" | "sqlite";

const NUMBERED: Readonly<Record<Dialect, string>> = {
  mysql: "INT NOT NULL AUTO_INCREMENT PRIMARY KEY",
  sqlite: "INTEGER PRIMARY KEY AUTOINCREMENT",
};

/** The documents' people, and the known pictures that show them. */
const PEOPLE: readonly { readonly name: string; readonly pictures: readonly string[] }[] = [
  { name: "Gergely", pictures: ["gergely_1.jpg"] },
  { name: "John Doe", pictures: ["john_doe.jpg"] },
  { name: "Hannibal", pictures: ["hannibal_1.jpg", "hannibal_2.jpg"] },
];

/** One step from one schema to the next. A step may be broken off and run again: it must not mind what is there already. */
interface Migration {
  readonly name: string;
  readonly run: (sql: Sql, dialect: Dialect) => Promise<void>;
}

/** In order; what was released once is never changed. */
export const MIGRATIONS: readonly Migration[] = [
  {
    name: "001-documents-schema",
    run: async (sql, dialect) => {
      const id = `id ${NUMBERED[dialect]}`;
      await sql.change(`CREATE TABLE IF NOT EXISTS images (${id}, path VARCHAR(255) NOT NULL, person INT, status INT)`);
      await sql.change(`CREATE TABLE IF NOT EXISTS person (${id}, name VARCHAR(255) NOT NULL)`);
      await sql.change(`CREATE TABLE IF NOT EXISTS person_images (${id}, image_name VARCHAR(255), person_id INT)`);
    },
  },
  {
    name: "002-claims-and-outcomes",
    run: async (sql, dialect) => {
      const present = new Set(await columns(sql, dialect));
      const wanted = {
        outcome: "VARCHAR(32) NULL",
        detail: "VARCHAR(255) NULL",
        image_name: "VARCHAR(255) NULL",
        claim: "VARCHAR(64) NULL",
        attempts: "INT NOT NULL DEFAULT 0",
        redemptions: "INT NOT NULL DEFAULT 0",
        created_at: "BIGINT NOT NULL DEFAULT 0",
        changed_at: "BIGINT NOT NULL DEFAULT 0",
      };
      for (const [name, type] of Object.entries(wanted)) {
        if (!present.has(name)) await sql.change(`ALTER TABLE images ADD COLUMN ${name} ${type}`);
      }
    },
  },
  {
    name: "003-indices",
    run: async (sql) => {
      await createIndex(sql, "images_by_status", "images (status, changed_at)");
      await createIndex(sql, "images_by_change", "images (changed_at)");
      await createIndex(sql, "person_images_by_name", "person_images (image_name)");
    },
  },
  {
    name: "004-documents-people",
    run: (sql) =>
      sql.transaction(async (sql) => {
        if ((await sql.select("SELECT id FROM person LIMIT 1")).length > 0) return;
        for (const { name, pictures } of PEOPLE) {
          const { insertId } = await sql.change("INSERT INTO person (name) VALUES (?)", [name]);
          for (const picture of pictures) {
            await sql.change("INSERT INTO person_images (image_name, person_id) VALUES (?, ?)", [picture, insertId]);
          }
        }
      }),
  },
];

/**
 * Runs the migrations that have not run, in order, and answers their names.
 *
 * Errors: rejects with the driver's error; what was done until then stays, and the next run goes on from there.
 */
export async function migrate(sql: Sql, dialect: Dialect): Promise<string[]> {
  await sql.change("CREATE TABLE IF NOT EXISTS schema_migrations (name VARCHAR(64) NOT NULL PRIMARY KEY)");
  const done = new Set((await sql.select("SELECT name FROM schema_migrations")).map(({ name }) => name));
  const ran: string[] = [];
  for (const { name, run } of MIGRATIONS) {
    if (done.has(name)) continue;
    await run(sql, dialect);
    await sql.change("INSERT INTO schema_migrations (name) VALUES (?)", [name]);
    ran.push(name);
  }
  return ran;
}

async function columns(sql: Sql, dialect: Dialect): Promise<string[]> {
  if (dialect === "sqlite") return (await sql.select("SELECT name FROM pragma_table_info('images')")).map(({ name }) => String(name));
  const rows = await sql.select(
    "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'images'",
  );
  return rows.map(({ name }) => String(name));
}

/** Not every database knows IF NOT EXISTS here. */
async function createIndex(sql: Sql, name: string, on: string): Promise<void> {
  try {
    await sql.change(`CREATE INDEX ${name} ON ${on}`);
  } catch (error) {
    if (!/exists|Duplicate key name/.test(String(error))) throw error;
  }
}

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SqliteSql } from "#shared/sqlite-sql.ts";
import { MIGRATIONS, migrate } from "./migrations.ts";

describe("migrations", () => {
  let sql: SqliteSql;

  beforeEach(() => {
    sql = new SqliteSql();
  });
  afterEach(() => sql.close());

  it("make the documents' tables and people, once", async () => {
    expect(await migrate(sql, "sqlite")).toEqual(MIGRATIONS.map(({ name }) => name));
    expect(await migrate(sql, "sqlite")).toEqual([]);
    const join =
      "SELECT person.name, person.id FROM person INNER JOIN person_images AS pi ON person.id = pi.person_id WHERE image_name = ?";
    expect(await sql.select(join, ["hannibal_2.jpg"])).toEqual([{ name: "Hannibal", id: 3 }]);
  });

  it("take over a database that was made by the documents' script, and keep its rows", async () => {
    await sql.change("CREATE TABLE images (id INTEGER PRIMARY KEY AUTOINCREMENT, path VARCHAR(255) NOT NULL, person INT, status INT)");
    await sql.change("CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(255) NOT NULL)");
    await sql.change("INSERT INTO images (path, person, status) VALUES ('a.jpg', -1, 2)");
    await sql.change("INSERT INTO person (name) VALUES ('Somebody')");
    await migrate(sql, "sqlite");
    expect(await sql.select("SELECT path, status, attempts, outcome FROM images")).toEqual([
      { path: "a.jpg", status: 2, attempts: 0, outcome: null },
    ]);
    expect(await sql.select("SELECT name FROM person")).toEqual([{ name: "Somebody" }]);
  });

  it("go on after one that was broken off", async () => {
    await migrate(sql, "sqlite");
    await sql.change("DELETE FROM schema_migrations WHERE name > '002'");
    expect(await migrate(sql, "sqlite")).toEqual(["002-claims-and-outcomes", "003-indices", "004-documents-people"]);
    expect(await sql.select("SELECT COUNT(*) AS count FROM person")).toEqual([{ count: 3 }]);
  });
});

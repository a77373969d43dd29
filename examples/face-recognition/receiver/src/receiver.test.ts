import { createServer, type Server } from "node:http";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeServer, listen } from "#shared/http.ts";
import { ImageStore } from "#shared/image-store.ts";
import { SILENT_LOG } from "#shared/log.ts";
import type { Publisher } from "#shared/queue.ts";
import { SqliteSql } from "#shared/sqlite-sql.ts";
import { migrate } from "#migration/migrations.ts";
import { createReceiver } from "./receiver.ts";

class NotedPublisher implements Publisher {
  readonly sent: string[] = [];
  down = false;

  async publish(topic: string, body: string): Promise<void> {
    if (this.down) throw new Error("nsqd is down");
    this.sent.push(`${topic} ${body}`);
  }
  async close(): Promise<void> {}
}

describe("receiver", () => {
  let sql: SqliteSql;
  let publisher: NotedPublisher;
  const servers: Server[] = [];

  beforeEach(async () => {
    sql = new SqliteSql();
    await migrate(sql, "sqlite");
    publisher = new NotedPublisher();
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => closeServer(server)));
    await sql.close();
  });

  async function post(version: string, path: string, body: string): Promise<{ status: number; text: string }> {
    const registry = new Registry();
    const server = createServer(createReceiver({ version, store: new ImageStore(sql), publisher, log: SILENT_LOG, registry }));
    servers.push(server);
    const response = await fetch(`http://127.0.0.1:${await listen(server, 0, "127.0.0.1")}${path}`, { method: "POST", body });
    return { status: response.status, text: await response.text() };
  }

  it("answers as the documents print, in version 1.0", async () => {
    expect(await post("1.0", "/image/post", '{"path":"/unknown_people/unknown219.jpg"}')).toEqual({
      status: 200,
      text: "got path: {Path:/unknown_people/unknown219.jpg}\nimage saved with id: 1\nimage sent to nsq\n",
    });
    expect(publisher.sent).toEqual(["images 1"]);
    expect(await post("1.0", "/images/post", '{"paths":[]}')).toMatchObject({ status: 404 });
  });

  it("takes several at once in version 1.1, one message each; the old route wraps its one", async () => {
    expect(await post("1.1", "/images/post", '{"paths":[{"path":"a.jpg"},{"path":"b.jpg"}]}')).toEqual({
      status: 200,
      text: [
        "got paths: {Paths:[{Path:a.jpg} {Path:b.jpg}]}",
        "image saved with id: 1",
        "image sent to nsq",
        "image saved with id: 2",
        "image sent to nsq\n",
      ].join("\n"),
    });
    const { text } = await post("1.1", "/image/post", '{"path":"c.jpg"}');
    expect(text).toBe("got path: {Path:c.jpg}\ngot paths: {Paths:[{Path:c.jpg}]}\nimage saved with id: 3\nimage sent to nsq\n");
    expect(publisher.sent).toEqual(["images 1", "images 2", "images 3"]);
  });

  it("keeps the image when the queue is down", async () => {
    publisher.down = true;
    const { status, text } = await post("1.1", "/image/post", '{"path":"a.jpg"}');
    expect(status).toBe(202);
    expect(text).toContain("image saved with id: 1\nnsq cannot be reached");
    expect(await sql.select("SELECT path, status FROM images")).toEqual([{ path: "a.jpg", status: 0 }]);
  });

  it.each([
    ["{", /^got error while decoding body: /],
    ["[]", /"path" must be a text/],
    ['{"path":7}', /"path" must be a text/],
    [`{"path":"${"x".repeat(256)}"}`, /longer than 255/],
  ])("refuses %s", async (body, message) => {
    const { status, text } = await post("1.1", "/image/post", body);
    expect(status).toBe(400);
    expect(text).toMatch(message);
    expect(await sql.select("SELECT id FROM images")).toEqual([]);
  });

  it("saves none of a bulk with a faulty entry, and no endless bodies", async () => {
    expect(await post("1.1", "/images/post", '{"paths":[{"path":"a.jpg"},{}]}')).toMatchObject({ status: 400 });
    expect(await post("1.1", "/image/post", "x".repeat(1024 * 1024 + 1))).toMatchObject({ status: 413 });
    expect(await sql.select("SELECT id FROM images")).toEqual([]);
  });

  it("says 503 when the database is down", async () => {
    await sql.change("DROP TABLE images");
    expect(await post("1.1", "/image/post", '{"path":"a.jpg"}')).toMatchObject({ status: 503 });
    expect(publisher.sent).toEqual([]);
  });
});

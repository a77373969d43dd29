import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Registry } from "prom-client";
import sharp from "sharp";
import { closeServer, listen } from "#shared/http.ts";
import { ImageStore } from "#shared/image-store.ts";
import { SILENT_LOG } from "#shared/log.ts";
import { SqliteSql } from "#shared/sqlite-sql.ts";
import { migrate } from "#migration/migrations.ts";
import { createFrontend } from "./frontend.ts";
import { LiveFeed } from "./live-feed.ts";
import { Pictures } from "./pictures.ts";

/** The page over a database in memory and two folders of its own, as if the receiver took everything. */
export class PageFixture {
  readonly folder = mkdtempSync(join(tmpdir(), "page-"));
  readonly sql = new SqliteSql();
  readonly store = new ImageStore(this.sql);
  readonly feed = new LiveFeed(this.store, SILENT_LOG, 50);
  readonly #server: Server;
  url = "";

  private constructor() {
    const parts = {
      store: this.store,
      feed: this.feed,
      pictures: new Pictures(this.folder, this.folder),
      post: async (path: string) => void (await this.store.add([path])),
      staticFolder: fileURLToPath(new URL("../static", import.meta.url)),
      log: SILENT_LOG,
      registry: new Registry(),
    };
    this.#server = createServer(createFrontend(parts));
  }

  static async start(): Promise<PageFixture> {
    const page = new PageFixture();
    await migrate(page.sql, "sqlite");
    page.url = `http://127.0.0.1:${await listen(page.#server, 0, "127.0.0.1")}`;
    return page;
  }

  /** A picture in one colour, written to the folder. */
  async picture(name: string, colour: string): Promise<string> {
    const file = join(this.folder, name);
    await sharp({ create: { width: 60, height: 80, channels: 3, background: colour } })
      .jpeg()
      .toFile(file);
    return file;
  }

  /** Has an image processed as the picture of a known person. */
  async identify(id: number, personId: number, imageName: string): Promise<void> {
    const claim = await this.store.claim(id);
    if (claim !== undefined) await this.store.finish(claim, { status: "processed", outcome: "identified", personId, imageName });
  }

  async stop(): Promise<void> {
    this.feed.close();
    await closeServer(this.#server, 100);
    await this.sql.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

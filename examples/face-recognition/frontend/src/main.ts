/**
 * The page. Environment: FRONTEND_PORT (8081), RECEIVER_ADDRESS (`receiver-service:8000`), KNOWN_PEOPLE, UNKNOWN_PEOPLE and the MYSQL_
 * names.
 */
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { closeServer, listen } from "#shared/http.ts";
import { ImageStore } from "#shared/image-store.ts";
import { liveGauge } from "#shared/metrics.ts";
import { mysqlFromEnvironment } from "#shared/mysql-sql.ts";
import { runService } from "#shared/service.ts";
import { createFrontend } from "./frontend.ts";
import { LiveFeed } from "./live-feed.ts";
import { Pictures } from "./pictures.ts";
import { postToReceiver } from "./receiver-client.ts";

await runService("frontend", async ({ environment, log, admin }) => {
  const sql = mysqlFromEnvironment(environment);
  const store = new ImageStore(sql);
  const feed = new LiveFeed(store, log);
  const receiver = environment.text("RECEIVER_ADDRESS", "receiver-service:8000");
  const server = createServer(
    createFrontend({
      store,
      feed,
      pictures: new Pictures(environment.text("UNKNOWN_PEOPLE", "/unknown_people"), environment.text("KNOWN_PEOPLE", "/known_people")),
      post: (path) => postToReceiver(receiver, path),
      staticFolder: fileURLToPath(new URL("./static", import.meta.url)),
      log,
      registry: admin.registry,
    }),
  );
  liveGauge(admin.registry, "frontend_open_pages", "Pages that are kept up to date", () => feed.pages);
  admin.addCheck(() => store.check().then(() => undefined));
  const port = await listen(server, environment.port("FRONTEND_PORT", 8081));
  log.info({ port }, "serving");
  return async () => {
    feed.close();
    await closeServer(server);
    await sql.close();
  };
});

/**
 * The receiver. Environment: RECEIVER_PORT (8000), RECEIVER_VERSION (set by the image), PRODUCER_ADDRESS (nsqd's TCP) and
 * the MYSQL_ names.
 */
import { createServer } from "node:http";
import { closeServer, listen } from "#shared/http.ts";
import { ImageStore } from "#shared/image-store.ts";
import { mysqlFromEnvironment } from "#shared/mysql-sql.ts";
import { NsqPublisher } from "#shared/nsq/publisher.ts";
import { runService } from "#shared/service.ts";
import { createReceiver } from "./receiver.ts";

await runService("receiver", async ({ environment, log, admin }) => {
  const sql = mysqlFromEnvironment(environment);
  const store = new ImageStore(sql);
  const publisher = new NsqPublisher(environment.text("PRODUCER_ADDRESS"));
  const version = environment.text("RECEIVER_VERSION", "1.1");
  const server = createServer(createReceiver({ version, store, publisher, log, registry: admin.registry }));
  // Without the database nothing can be saved; without the queue everything can.
  admin.addCheck(() => store.check().then(() => undefined));
  const port = await listen(server, environment.port("RECEIVER_PORT", 8000));
  log.info({ port, version }, "receiving");
  return async () => {
    await closeServer(server);
    await publisher.close();
    await sql.close();
  };
});

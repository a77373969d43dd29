/**
 * The CronJob that puts forgotten, abandoned and failed images back on the queue. Environment: the receiver's, and
 * FORGOTTEN_SECONDS (120), ABANDONED_SECONDS (180), RETRY_SECONDS (60), RETRIES (5), LIMIT (500).
 */
import { Environment } from "#shared/environment.ts";
import { ImageStore } from "#shared/image-store.ts";
import { createLog } from "#shared/log.ts";
import { mysqlFromEnvironment } from "#shared/mysql-sql.ts";
import { NsqPublisher } from "#shared/nsq/publisher.ts";
import { redeem } from "./redeemer.ts";

const log = createLog("redeemer");
try {
  const environment = new Environment(process.env);
  const sql = mysqlFromEnvironment(environment, 1);
  const publisher = new NsqPublisher(environment.text("PRODUCER_ADDRESS"));
  const rules = {
    forgottenMs: environment.integer("FORGOTTEN_SECONDS", 120) * 1000,
    abandonedMs: environment.integer("ABANDONED_SECONDS", 180) * 1000,
    retryMs: environment.integer("RETRY_SECONDS", 60) * 1000,
    retries: environment.integer("RETRIES", 5),
    limit: environment.integer("LIMIT", 500, { min: 1 }),
  };
  const redeemed = await redeem(new ImageStore(sql), publisher, rules);
  log.info({ redeemed }, "redeemed");
  await publisher.close();
  await sql.close();
} catch (error) {
  log.error({ err: error }, "cannot redeem");
  process.exit(1);
}

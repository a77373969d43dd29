import { AdminServer } from "./admin-server.ts";
import { ConfigurationError, Environment } from "./environment.ts";
import { createLog, type Log } from "./log.ts";

/** What a service is given to start with. */
interface ServiceContext {
  readonly environment: Environment;
  readonly log: Log;
  /** For metrics and readiness checks. */
  readonly admin: AdminServer;
}

/** What stops a service: it finishes what it has begun and takes nothing new. */
type Stop = () => Promise<void>;

/** How long a service may take to stop after the drain; then it is ended, for the kubelet would do so soon. */
const STOP_LIMIT_MS = 20_000;

/**
 * Runs a service until it is asked to end (SIGTERM, SIGINT): readiness off, `DRAIN_SECONDS` (default 0; in a cluster as
 * long as it takes until nobody sends new work) of serving on, stop, exit 0. A service that cannot start ends with 1, one
 * with wrong settings with 2. `ADMIN_PORT` (default 9090) is that of {@link AdminServer}.
 */
export async function runService(name: string, start: (context: ServiceContext) => Promise<Stop>): Promise<void> {
  // Settings of developers; in a cluster there is no such file.
  try {
    process.loadEnvFile();
  } catch {
    // There is none.
  }
  const log = createLog(name);
  const admin = new AdminServer();
  try {
    const environment = new Environment(process.env);
    const drainMs = environment.integer("DRAIN_SECONDS", 0) * 1000;
    const stop = await start({ environment, log, admin });
    const port = await admin.start(environment.port("ADMIN_PORT", 9090));
    log.info({ adminPort: port, pid: process.pid }, "started");
    const signal = await new Promise<string>((resolve) => {
      process.once("SIGTERM", resolve);
      process.once("SIGINT", resolve);
    });
    log.info({ signal, drainMs }, "stopping");
    admin.stopping();
    await new Promise((resolve) => setTimeout(resolve, drainMs));
    setTimeout(() => {
      log.error("did not stop in time");
      process.exit(1);
    }, STOP_LIMIT_MS).unref();
    await stop();
    await admin.close();
    log.info("stopped");
    process.exit(0);
  } catch (error) {
    log.error({ err: error }, "failed");
    process.exit(error instanceof ConfigurationError ? 2 : 1);
  }
}

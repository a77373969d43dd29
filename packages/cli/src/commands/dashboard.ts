import { homedir } from "node:os";
import { messageOf } from "@skiff/base";
import {
  Client,
  HttpsTransport,
  kubeconfigPaths,
  loadKubeconfig,
  nodeFileSystem,
  nodeRunCommand,
  transportOptions,
  type HttpsTransportOptions,
} from "@skiff/client";
import { contextName, UserError } from "@skiff/cluster";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { EXIT } from "../exit-codes.ts";
import { canShowBrowser, openBrowser } from "../open-browser.ts";
import { parseClusterName, parsePort } from "../option-parsers.ts";
import { coloured } from "../terminal.ts";

interface DashboardFlags {
  readonly name: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly port?: number;
  /** False with `--no-browser`. */
  readonly browser: boolean;
  readonly json?: boolean;
}

/** Who does not look at the pages for a working day starts the command again. */
const IDLE_MS = 12 * 3_600_000;
const LOOPBACK = "127.0.0.1";

/** `skiff dashboard`. */
export function addDashboard(program: Command, context: CommandContext): void {
  program
    .command("dashboard")
    .description("show the cluster in a browser, with the rights of your kubeconfig, until Ctrl-C")
    .option("--name <name>", "the cluster", parseClusterName, "skiff")
    .option("--context <context>", "a context of the kubeconfig, of whatever cluster, in place of --name")
    .option("--kubeconfig <file>", "the kubeconfig (default: that of kubectl)")
    .option("--port <port>", "the port on 127.0.0.1 (default: any free one)", parsePort)
    .option("--no-browser", "print the address and open nothing")
    .option("--json", "print the address as JSON, and open nothing")
    .addHelpText(
      "after",
      `
The address works once, in one browser. Nobody else on this machine gets in by the port alone.

Examples:
  skiff dashboard
  skiff dashboard --name test --no-browser
  skiff dashboard --context production --port 8800
  skiff dashboard --json | jq -r .url`,
    )
    .action(async (flags: DashboardFlags) => {
      process.exitCode = await serveDashboard(flags, context);
    });
}

async function serveDashboard(flags: DashboardFlags, context: CommandContext): Promise<number> {
  const { host, terminal } = context;
  const options = await reachable(flags, context);
  const { Dashboard, DashboardFront, newSecret } = await import("@skiff/dashboard");
  const token = newSecret(host);
  // A folder that nobody can guess: browsers send a cookie to every port of a host, but only to its own folder.
  const basePath = `/${newSecret(host).slice(0, 16)}/`;
  let port = 0;
  const dashboard = new Dashboard({
    host,
    cookie: { name: "skiff-dashboard", path: basePath },
    idleMs: IDLE_MS,
    hosts: () => [`${LOOPBACK}:${port}`, `localhost:${port}`],
    entrance: {
      type: "link",
      token,
      connect: () => {
        const transport = new HttpsTransport(options);
        return { client: new Client(transport), close: () => transport.close() };
      },
    },
  });
  const front = new DashboardFront({ log: host.log, dashboard, basePath });
  try {
    port = await front.listen(flags.port ?? 0, LOOPBACK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new UserError(`Port ${flags.port} is in use.`, "Choose another one with --port, or leave it out.");
  }
  const url = `http://${LOOPBACK}:${port}${basePath}?token=${token}`;
  const asked = signalled();
  if (flags.json === true) terminal.out(`${JSON.stringify({ url, port, server: options.server })}\n`);
  else {
    terminal.out(`${coloured(terminal, "bold", "The dashboard is at")} ${url}\n`);
    terminal.err("The address works once. Stop with Ctrl-C.\n");
    if (flags.browser && canShowBrowser(terminal)) openBrowser(url, (problem) => terminal.err(`No browser was opened: ${problem}\n`));
  }
  await asked;
  await front.close();
  dashboard.close();
  return EXIT.done;
}

/** How to reach the cluster. Errors: a {@link UserError} when there is no such context, or nobody answers. */
async function reachable(flags: DashboardFlags, { host }: CommandContext): Promise<HttpsTransportOptions> {
  const files = nodeFileSystem(host.clock, host.random);
  const paths = kubeconfigPaths(process.env, homedir(), flags.kubeconfig);
  const config = await loadKubeconfig(files, paths);
  const name = flags.context ?? contextName(flags.name);
  const up = `skiff up${flags.name === "skiff" ? "" : ` --name ${flags.name}`}`;
  if (!config.contexts.has(name)) {
    const known = [...config.contexts.keys()].join(", ");
    throw new UserError(
      `There is no context ${name} in ${paths.join(", ")}.`,
      known === "" ? `Start the cluster with: ${up}` : `Choose one with --context: ${known}. Or start the cluster with: ${up}`,
    );
  }
  const options = {
    ...(await transportOptions(config, { files, clock: host.clock, run: nodeRunCommand }, { context: name })),
    userAgent: "skiff-dashboard",
  };
  const transport = new HttpsTransport(options);
  try {
    await transport.request({ method: "GET", path: "/version" });
  } catch (error) {
    const next = flags.context === undefined ? `Start the cluster with: ${up}` : "Look at the context's server and user.";
    throw new UserError(`The API server of context ${name} (${options.server}) does not answer: ${messageOf(error)}`, next);
  } finally {
    transport.close();
  }
  return options;
}

/** Resolves when the process is asked to end. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

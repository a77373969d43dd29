/**
 * The Hobnob backend. Environment: ELASTICSEARCH_HOSTNAME (with the scheme), ELASTICSEARCH_PORT, ELASTICSEARCH_INDEX
 * (`hobnob`), SERVER_PORT (8080), DOCS_PORT (8100).
 */
import type { Server } from "node:http";
import { ElasticsearchUsers } from "./elasticsearch-users.ts";
import { apiServer, docsServer } from "./servers.ts";

/** How long requests that have begun may take after the program was told to stop. */
const GRACE_MS = 10_000;

function environment(name: string, otherwise: string): string {
  const value = process.env[name];
  return value === undefined || value === "" ? otherwise : value;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
}

function close(server: Server): void {
  server.close();
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
}

async function main(): Promise<void> {
  const url = `${environment("ELASTICSEARCH_HOSTNAME", "http://localhost")}:${environment("ELASTICSEARCH_PORT", "9200")}`;
  const users = new ElasticsearchUsers({ url, index: environment("ELASTICSEARCH_INDEX", "hobnob"), fetch });
  const port = Number(environment("SERVER_PORT", "8080"));
  const docsPort = Number(environment("DOCS_PORT", "8100"));
  const servers = [apiServer(users), docsServer()] as const;
  await listen(servers[0], port);
  console.log(`Hobnob API server listening on port ${port}!`);
  await listen(servers[1], docsPort);
  console.log(`Documentation at port ${docsPort}`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => servers.forEach(close));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});

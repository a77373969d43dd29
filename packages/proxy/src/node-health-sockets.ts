import { createServer } from "node:http";
import { listenOn } from "@skiff/base";
import type { HealthAnswer } from "./health-check.ts";
import type { HealthSockets } from "./health-check-server.ts";

const REQUEST_MS = 5000;
/** At most so many connections at once; more are refused. */
const CONNECTION_LIMIT = 64;

/** Health checks over the machine's sockets. */
export const nodeHealthSockets: HealthSockets = {
  async serve(port: number, answer: () => HealthAnswer, onError: (error: Error) => void) {
    const server = createServer((request, response) => {
      request.resume();
      const { status, headers, body } = answer();
      response.writeHead(status, headers).end(body);
    });
    server.maxConnections = CONNECTION_LIMIT;
    server.requestTimeout = REQUEST_MS;
    await listenOn(server, port, undefined, onError);
    return () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
  },
};

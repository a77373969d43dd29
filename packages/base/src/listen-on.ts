import type { Server } from "node:net";

/**
 * Lets a server listen, and resolves with its port; port 0 takes a free one, no address means all of them.
 *
 * Errors: rejects with those of the operating system, such as `EADDRINUSE`. Later ones (no file descriptor is left for a
 * connection, say) go to `onError`: the server goes on, where an error that nobody listens to would end the process.
 */
export function listenOn(server: Server, port: number, address: string | undefined, onError: (error: Error) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => {
      server.off("error", reject);
      server.on("error", onError);
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : port);
    });
  });
}

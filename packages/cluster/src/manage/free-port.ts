import { createServer } from "node:net";

/** True when nothing listens on `port` of any address of this machine. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** The first free port from `first` on, at most 200 further. */
export async function freePort(first: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = first; port < first + 200; port++) if (!taken.has(port) && (await isPortFree(port))) return port;
  throw new Error(`no port from ${first} to ${first + 199} is free`);
}

import { createServer } from "node:net";
import { expect, it } from "vitest";
import { listenOn } from "./listen-on.ts";

it("says which port was taken, refuses one that is in use, and outlives later errors", async () => {
  const errors: string[] = [];
  const server = createServer();
  const port = await listenOn(server, 0, "127.0.0.1", ({ message }) => errors.push(message));
  expect(port).toBeGreaterThan(0);
  await expect(listenOn(createServer(), port, "127.0.0.1", () => {})).rejects.toMatchObject({ code: "EADDRINUSE" });
  for (const message of ["one", "two"]) server.emit("error", new Error(message));
  expect(errors).toEqual(["one", "two"]);
  await new Promise((resolve) => server.close(resolve));
});

import { fileURLToPath } from "node:url";
import { buildProgramArchive } from "@skiff/e2e";

/** Builds the image of the backend without Docker, and answers its archive for `skiff image load`. */
export function buildHobnobImage(): Promise<string> {
  return buildProgramArchive({
    name: "hobnob",
    references: ["d4nyll/hobnob:0.1.0"],
    entryPoints: [fileURLToPath(new URL("./src/main.ts", import.meta.url))],
    exposedPorts: ["8080/tcp", "8100/tcp"],
  });
}

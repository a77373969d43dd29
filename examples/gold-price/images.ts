import { fileURLToPath } from "node:url";
import { buildProgramArchive } from "@skiff/e2e";

/** Builds the image of the example without Docker, and answers its archive for `skiff image load`. */
export function buildGoldPriceImage(): Promise<string> {
  return buildProgramArchive({
    name: "gold-price",
    references: ["reader/gold-price-to-mysql:latest"],
    entryPoints: ["main.ts", "rates-main.ts"].map((program) => fileURLToPath(new URL(`./src/${program}`, import.meta.url))),
  });
}

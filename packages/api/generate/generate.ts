import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readModels } from "./client-models.ts";
import { definitionHomes } from "./definition-names.ts";
import { buildSchemas, writeSchemas, writeTexts } from "./write-schemas.ts";
import { writeTypes } from "./write-types.ts";

/** Writes everything under `src/generated`: run by `npm run generate`, and after each `npm install`. */
const target = join(dirname(fileURLToPath(import.meta.url)), "../src/generated");
mkdirSync(target, { recursive: true });
const models = readModels();
writeFileSync(join(target, "types.ts"), writeTypes(models));
const schemas = buildSchemas(models, definitionHomes(models));
writeFileSync(join(target, "schemas.ts"), writeSchemas(schemas));
writeFileSync(join(target, "descriptions.ts"), writeTexts(schemas));

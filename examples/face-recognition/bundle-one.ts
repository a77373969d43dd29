/** Bundles one service into a folder, for the Dockerfiles: `tsx bundle-one.ts SERVICE FOLDER`. */
import { bundleService, SERVICES } from "./bundle.ts";

const [name = "", folder = ""] = process.argv.slice(2);
const service = SERVICES.find((each) => each === name);
if (service === undefined || folder === "") {
  process.stderr.write(`usage: tsx bundle-one.ts SERVICE FOLDER, with one of ${SERVICES.join(", ")}\n`);
  process.exit(2);
}
await bundleService(service, folder);

/** A stand-in for the rate service, for where it cannot be reached. Environment: PORT (8080). */
import { createServer } from "node:http";
import { liveRates } from "./stand-in-rates.ts";

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://rates");
  const known = pathname === "/api/live" || pathname === "/healthz";
  const body = pathname === "/api/live" ? liveRates(searchParams, Date.now()) : known ? { status: "ok" } : { error: "not found" };
  response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
});
process.once("SIGTERM", () => server.close(() => process.exit(0)));
server.listen(Number(process.env.PORT ?? 8080), () => console.log("the stand-in for the rate service is listening"));

export { startTestApiServer, type TestApiServer } from "./testing/test-api-server.ts";
export { fullServer } from "./testing/full-server.ts";

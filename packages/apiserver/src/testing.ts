export { startTestApiServer, type TestApiServer, type TestApiServerOptions } from "./testing/test-api-server.ts";
export { startHttpsTestServer, type HttpsTestServer } from "./testing/https-test-server.ts";
export { fullServer, type FullServerOptions } from "./testing/full-server.ts";

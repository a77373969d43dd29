export * from "./health-check.ts";
export * from "./health-check-server.ts";
export * from "./host-port.ts";
export * from "./node-health-sockets.ts";
export * from "./proxy.ts";
export * from "./render-services.ts";
export * from "./ruleset.ts";
export * from "./service-port.ts";

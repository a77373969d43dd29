export * from "./health-paths.ts";
export * from "./path-handler.ts";
export * from "./path-handlers.ts";
export * from "./request-metrics.ts";
export * from "./version.ts";

export * from "./host-port.ts";
export * from "./proxy.ts";
export * from "./render-services.ts";
export * from "./ruleset.ts";
export * from "./service-port.ts";

export { HealthCheckServer } from "./health-check-server.ts";
export { nodeHealthSockets } from "./node-health-sockets.ts";
export type { PacketFilter, TrackedFlow } from "./packet-filter.ts";
export { PolicyEnforcer } from "./policy/policy-enforcer.ts";
export { ServiceProxy } from "./proxy.ts";

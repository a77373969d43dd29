export { Dashboard, type DashboardOptions } from "./dashboard.ts";
export type { Entrance } from "./entrance.ts";
export { DashboardFront, type DashboardFrontOptions } from "./node-dashboard-front.ts";
export { newSecret, type Connection } from "./sessions.ts";

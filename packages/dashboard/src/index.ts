export { Dashboard } from "./dashboard.ts";
export type { Entrance } from "./entrance.ts";
export { DashboardFront } from "./node-dashboard-front.ts";
export { newSecret } from "./sessions.ts";

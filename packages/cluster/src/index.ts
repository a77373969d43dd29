export type { FinishedPhase, Progress } from "./progress.ts";
export { UserError } from "./user-error.ts";

export { benchScheduler } from "./scheduler.bench.ts";

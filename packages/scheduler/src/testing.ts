export { benchScheduler, formatSchedulerBench, type SchedulerBenchRow, type SchedulerBenchSize } from "./scheduler.bench.ts";

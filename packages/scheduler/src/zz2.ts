import { systemClock } from "@skiff/base";
import { benchScheduler, formatSchedulerBench } from "./scheduler.bench.ts";
const size = { nodes: 1000, pods: 10000 };
console.log(formatSchedulerBench(size, await benchScheduler(size, systemClock)));

export { processContext } from "./command-context.ts";
export { runSkiff } from "./main.ts";

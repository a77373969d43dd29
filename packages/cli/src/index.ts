export { processContext, type CommandContext } from "./command-context.ts";
export { runSkiff } from "./main.ts";

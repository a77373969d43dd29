export * from "./io.ts";
export { runKubectl } from "./run-kubectl.ts";

export type { KubectlFiles, KubectlIo, KubectlTransport, LocalListener } from "./io.ts";
export { runKubectl } from "./run-kubectl.ts";

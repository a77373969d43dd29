export { CLUSTER_NAME, contextName, type ClusterConfig, type RuntimeChoice, type StoreChoice } from "./layout/cluster-config.ts";
export { nodePaths, type ClusterPaths } from "./layout/cluster-paths.ts";
export { StateHome, type StateEnvironment } from "./layout/state-home.ts";
export { apiAddress, ClusterManager, type ClusterManagerOptions, type ClusterStatus, type UpOptions } from "./manage/cluster-manager.ts";
export type { FinishedPhase, Progress } from "./progress.ts";
export { UserError } from "./user-error.ts";

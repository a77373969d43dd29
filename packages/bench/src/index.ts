export { SECTIONS, type Section } from "./sections.ts";
export { UpstreamCluster, upstreamObstacle, type UpstreamClusterOptions, type UpstreamComponent } from "./upstream-cluster.ts";
export { benchApi, type ApiBenchSize, type ApiTarget } from "./api-bench.ts";

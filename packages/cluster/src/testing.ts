export { startCluster, type TestCluster, type TestClusterOptions } from "./test-cluster.ts";

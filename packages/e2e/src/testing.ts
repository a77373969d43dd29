export { browserObstacle, contrastOf, startBrowser } from "./test-browser.ts";
export { HttpLoad, type HttpLoadResult } from "./http-load.ts";
export { eventually, freeTcpPort, Kubectl, kubectls, obstacle, run, TestCluster } from "./test-cluster.ts";

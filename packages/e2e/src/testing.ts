export { browserObstacle, contrastOf, startBrowser } from "./test-browser.ts";
export { HttpLoad } from "./http-load.ts";
export { eventually, Kubectl, kubectls, obstacle, run, TestCluster } from "./test-cluster.ts";

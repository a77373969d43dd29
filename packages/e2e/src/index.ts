export { buildBusyboxArchive, busyboxEntries, busyboxImage } from "./images/busybox-image.ts";
export { DebianImageBuilder, type DebianImageBuilderOptions, type DebianImageRecipe, type ImageVariant } from "./images/debian-image.ts";
export { imageCacheDirectory, writeImageArchive } from "./images/image-cache.ts";
export { LocalRegistry } from "./images/local-registry.ts";
export { NodeImageBuilder, type NodeImageRecipe } from "./images/node-image.ts";
export { MYSQL, NGINX, RECIPES, REDIS } from "./images/recipes.ts";
export { type PodPlan, runPod, type RunningPod } from "./run-pod.ts";
export { e2eHost, TestContainerd } from "./test-containerd.ts";
export { eventually, kubectls, obstacle } from "./test-cluster.ts";

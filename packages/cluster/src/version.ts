/** The version of the Kubernetes API that Skiff serves, as nodes and `/version` report it. */
export const KUBERNETES_VERSION = "v1.36.0";

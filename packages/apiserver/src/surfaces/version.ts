/** `version.Info`: what `/version` answers and `kubectl version` prints. */
export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  readonly gitCommit: string;
  readonly gitTreeState: string;
  /** RFC 3339. */
  readonly buildDate: string;
  /** Named so for historical reasons: what runs the server. */
  readonly goVersion: string;
  readonly compiler: string;
  readonly platform: string;
}

/** The Kubernetes release whose API is served. What stands behind the `+` is build metadata, which clients ignore when they compare. */
export const KUBERNETES_VERSION: VersionInfo = {
  major: "1",
  minor: "36",
  gitVersion: "v1.36.0+skiff",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2026-04-22T00:00:00Z",
  goVersion: "node",
  compiler: "node",
  platform: "linux/amd64",
};

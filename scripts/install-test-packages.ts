/**
 * Installs the packages of the operating system that the end-to-end tests need, where that is possible: Debian, as root.
 * Elsewhere it does nothing, and the tests say what they skip.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const PROGRAMS: Readonly<Record<string, string>> = {
  "/usr/bin/containerd": "containerd",
  "/usr/sbin/runc": "runc",
  "/usr/lib/cni/bridge": "containernetworking-plugins",
  "/usr/sbin/nft": "nftables",
  "/usr/sbin/conntrack": "conntrack",
  "/usr/sbin/ip": "iproute2",
  "/usr/bin/docker-registry": "docker-registry",
  "/usr/bin/busybox": "busybox-static",
  "/usr/bin/curl": "curl",
  "/usr/bin/mvn": "maven",
  "/usr/bin/chromium": "chromium",
};

const missing = Object.entries(PROGRAMS).flatMap(([path, name]) =>
  existsSync(path) || existsSync(path.replace("/usr", "")) ? [] : [name],
);
if (missing.length > 0 && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
  process.stderr.write(`installing ${missing.join(", ")} …\n`);
  const command = `apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${missing.join(" ")}`;
  const { status } = spawnSync("sh", ["-c", command], { stdio: ["ignore", "ignore", "inherit"] });
  process.exitCode = status ?? 1;
}

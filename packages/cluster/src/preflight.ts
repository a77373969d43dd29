import { spawn } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { UserError } from "./user-error.ts";

/** A program or folder that nodes with real containers need, and the package of the operating system that has it. */
interface Requirement {
  readonly package: string;
  readonly present: () => boolean;
}

const CNI_FOLDERS = ["/usr/lib/cni", "/opt/cni/bin"];

/** Where the CNI plug-ins are, or `undefined`. */
export function cniPluginFolder(): string | undefined {
  return CNI_FOLDERS.find((folder) => existsSync(join(folder, "bridge")));
}

const REQUIREMENTS: readonly Requirement[] = [
  { package: "containerd", present: () => onPath("containerd") && onPath("ctr") },
  { package: "runc", present: () => onPath("runc") },
  { package: "containernetworking-plugins", present: () => cniPluginFolder() !== undefined },
  { package: "nftables", present: () => onPath("nft") },
  { package: "iproute2", present: () => onPath("ip") },
  { package: "conntrack", present: () => onPath("conntrack") },
];

/** True when a program of that name is on the path, or in a folder where system programs are. */
function onPath(program: string): boolean {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, program)));
}

/** The packages of the operating system that are missing for real containers. */
function missingPackages(): string[] {
  return REQUIREMENTS.filter((requirement) => !requirement.present()).map((requirement) => requirement.package);
}

/** Whether this process may make containers: Linux and root. */
export function canRunContainers(): boolean {
  return process.platform === "linux" && process.getuid?.() === 0;
}

/**
 * Makes sure that everything for real containers is installed; with `install` by the system's package manager.
 * `userCommand` is what the user ran.
 *
 * Errors: a {@link UserError} that names the missing packages and the command that installs them.
 */
export async function ensurePackages(install: boolean, onOutput: (line: string) => void, userCommand = "skiff up"): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const command = installCommand(missing);
  if (!install) {
    throw new UserError(
      `Real containers need ${missing.length === 1 ? "a package" : "packages"} that ${missing.length === 1 ? "is" : "are"} not installed: ${missing.join(", ")}.`,
      command === undefined
        ? "Install them with the package manager of your system."
        : `Run: ${command} — or run ${userCommand} again with --install`,
    );
  }
  if (command === undefined) {
    throw new UserError(
      `${missing.join(", ")} cannot be installed: no package manager that Skiff knows is on this machine.`,
      `Install them by hand and run ${userCommand} again.`,
    );
  }
  await runInstaller(command, onOutput);
  const left = missingPackages();
  if (left.length > 0)
    throw new UserError(
      `After the installation these packages are still missing: ${left.join(", ")}.`,
      `Look at what this says: ${command}`,
    );
}

/** Below this the store of an idle cluster cannot work for long, and a full disk stops everything else too. */
const LEAST_FREE_BYTES = 8 * 1024 * 1024;

/** Makes sure that there is room for the data of a cluster. Errors: a {@link UserError}. */
export function ensureSpace(folder: string): void {
  let present = folder;
  while (!existsSync(present) && dirname(present) !== present) present = dirname(present);
  const { bavail, bsize } = statfsSync(present);
  if (bavail * bsize >= LEAST_FREE_BYTES) return;
  throw new UserError(
    `The disk is full: ${present} has ${Math.floor((bavail * bsize) / 1024)} KiB left, and a cluster needs at least ${LEAST_FREE_BYTES / 1024 / 1024} MiB.`,
    "Free some space and run the command again.",
  );
}

function installCommand(packages: readonly string[]): string | undefined {
  const list = packages.join(" ");
  if (onPath("apt-get")) return `apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${list}`;
  if (onPath("dnf")) return `dnf install -y ${list.replace("conntrack", "conntrack-tools").replace("iproute2", "iproute")}`;
  if (onPath("apk")) return `apk add ${list.replace("containernetworking-plugins", "cni-plugins").replace("conntrack", "conntrack-tools")}`;
  return undefined;
}

function runInstaller(command: string, onOutput: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe"] });
    let last = "";
    const listen = (chunk: Buffer): void => {
      for (const line of chunk.toString().split("\n")) {
        if (line.trim() === "") continue;
        last = line.trim();
        onOutput(last);
      }
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new UserError(`The package manager ended with code ${code}: ${last}`, `Run it yourself to see more: ${command}`));
    });
  });
}

/**
 * Builds the tools that tests use when they are there, from their public Go modules:
 *
 *     npx tsx scripts/build-tools.ts [etcd|kubectl|helm|…]...     (none named: etcd)
 *
 * They go to `$XDG_CACHE_HOME/skiff/tools/bin` (`~/.cache/skiff/tools/bin`); what is there already is left alone. Needs
 * `go`. The first build of a tool takes minutes, so it runs at low priority.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolsDirectory } from "@skiff/e2e";

/** A tool, and the package whose `main` builds it. */
interface Tool {
  readonly module: string;
  readonly version: string;
  /** The `main` package in the module; absent where the module has none and {@link Tool.main} stands in for it. */
  readonly package?: string;
  /** The text of a `main.go`. */
  readonly main?: string;
  /** Further flags for the linker: what the project's own build puts in. */
  readonly link?: string;
  /** Modules that the tool's own module replaces, as `old=new@version`: a replacement does not reach those who import. */
  readonly replaces?: readonly string[];
  /** The package's tests are the program. */
  readonly tests?: true;
}

/** Kubernetes itself; the modules that live in its tree are published beside it as v0 of the same numbers. */
const KUBERNETES = { module: "k8s.io/kubernetes", version: "v1.36.3" };

/** A program of upstream's control plane, which Skiff is measured beside and its control loops are tested with. */
function upstreamComponent(name: string): Tool {
  const version = "k8s.io/component-base/version";
  const [, minor = ""] = KUBERNETES.version.split(".");
  // The components derive from the numbers which of their versions they emulate.
  const link = `-X ${version}.gitVersion=${KUBERNETES.version} -X ${version}.gitMajor=1 -X ${version}.gitMinor=${minor}`;
  return { ...KUBERNETES, package: `k8s.io/kubernetes/cmd/${name}`, link };
}

const KUBECTL_MAIN = `package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
`;

/** The message queue of the face recognition example. */
const NSQ: Tool = {
  module: "github.com/nsqio/nsq",
  version: "v1.3.0",
  replaces: ["github.com/judwhite/go-svc=github.com/mreiferson/go-svc@v1.2.2-0.20210815184239-7a96e00010f6"],
};

const TOOLS: Readonly<Record<string, Tool>> = {
  etcd: { module: "go.etcd.io/etcd/server/v3", version: "v3.6.5", package: "go.etcd.io/etcd/server/v3" },
  kubectl: {
    module: "k8s.io/kubectl",
    version: "v0.36.6",
    main: KUBECTL_MAIN,
    link: "-X k8s.io/component-base/version.gitVersion=v1.36.6",
  },
  "e2e.test": {
    ...KUBERNETES,
    package: "k8s.io/kubernetes/test/e2e",
    link: `-X k8s.io/component-base/version.gitVersion=${KUBERNETES.version}`,
    tests: true,
  },
  agnhost: { ...KUBERNETES, package: "k8s.io/kubernetes/test/images/agnhost" },
  nnp: { ...KUBERNETES, package: "k8s.io/kubernetes/test/images/nonewprivs" },
  "sample-apiserver": { ...KUBERNETES, package: "k8s.io/sample-apiserver" },
  ginkgo: { module: "github.com/onsi/ginkgo/v2", version: "v2.28.1", package: "github.com/onsi/ginkgo/v2/ginkgo" },
  helm: { module: "helm.sh/helm/v3", version: "v3.22.0", package: "helm.sh/helm/v3/cmd/helm" },
  "kube-apiserver": upstreamComponent("kube-apiserver"),
  "kube-scheduler": upstreamComponent("kube-scheduler"),
  "kube-controller-manager": upstreamComponent("kube-controller-manager"),
  nsqd: { ...NSQ, package: "github.com/nsqio/nsq/apps/nsqd" },
  nsqlookupd: { ...NSQ, package: "github.com/nsqio/nsq/apps/nsqlookupd" },
};

/** Runs `go` at low priority with its output on ours. Errors: rejects when it cannot be started or fails. */
function go(cwd: string, args: readonly string[]): Promise<void> {
  console.log(`  go ${args.join(" ")}`);
  return new Promise((resolve, reject) => {
    const child = spawn("nice", ["-n", "15", "go", ...args], {
      cwd,
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-mod=mod" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`go ${args[0]} ended with ${code}`))));
  });
}

/**
 * Which versions of the modules in Kubernetes's own tree belong to a version of it. Its `go.mod` points into the tree,
 * which a program outside of it cannot.
 */
async function stagingModules(directory: string, version: string): Promise<string[]> {
  const download = execFileSync("go", ["mod", "download", "-json", `k8s.io/kubernetes@${version}`], { cwd: directory, encoding: "utf8" });
  const { GoMod: file } = JSON.parse(download) as { GoMod: string };
  const names = [...readFileSync(file, "utf8").matchAll(/^\s*(\S+) => \.\/staging\//gm)].map(([, name = ""]) => name);
  return names.map((name) => `-replace=${name}=${name}@${version.replace(/^v1\./, "v0.")}`);
}

/** Builds `tool` to `target`. In a module of its own: a tool whose module replaces others cannot be installed directly. */
async function build(tool: Tool, target: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "skiff-tool-"));
  try {
    await go(directory, ["mod", "init", "skiff-tool"]);
    for (const replacement of tool.replaces ?? []) await go(directory, ["mod", "edit", `-replace=${replacement}`]);
    if (tool.module === KUBERNETES.module) {
      const replaced = await stagingModules(directory, tool.version);
      await go(directory, ["mod", "edit", `-require=${tool.module}@${tool.version}`, ...replaced]);
    } else {
      await go(directory, ["get", `${tool.package ?? tool.module}@${tool.version}`]);
    }
    if (tool.main !== undefined) {
      writeFileSync(join(directory, "main.go"), tool.main);
      await go(directory, ["mod", "tidy"]);
    }
    const built = `${target}.${process.pid}`;
    const verb = tool.tests === true ? ["test", "-c", "-vet=off"] : ["build"];
    await go(directory, [...verb, "-trimpath", `-ldflags=-s -w ${tool.link ?? ""}`, "-o", built, tool.package ?? "."]);
    // Renamed when whole: a build that is broken off leaves nothing that looks like the tool.
    renameSync(built, target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const names = process.argv.length > 2 ? process.argv.slice(2) : ["etcd"];
const bin = toolsDirectory();
mkdirSync(bin, { recursive: true });
for (const [index, name] of names.entries()) {
  const progress = `[${index + 1}/${names.length}] ${name}`;
  const tool = TOOLS[name];
  if (tool === undefined) throw new Error(`there is no tool "${name}"; there are ${Object.keys(TOOLS).join(", ")}`);
  const target = join(bin, name);
  if (existsSync(target)) {
    console.log(`${progress}: is there (${target})`);
    continue;
  }
  console.log(`${progress}: building ${tool.module}@${tool.version}`);
  await build(tool, target);
  console.log(`${progress}: done (${target})`);
}

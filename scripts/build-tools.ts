/**
 * Builds the tools that tests use when they are there, from their public Go modules:
 *
 *     npx tsx scripts/build-tools.ts [etcd|kubectl|helm|nsqd|nsqlookupd]...     (none named: etcd)
 *
 * They go to `$XDG_CACHE_HOME/skiff/tools/bin` (`~/.cache/skiff/tools/bin`); what is there already is left alone. Needs
 * `go`. The first build of a tool takes minutes, so it runs at low priority.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

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
  helm: { module: "helm.sh/helm/v3", version: "v3.22.0", package: "helm.sh/helm/v3/cmd/helm" },
  nsqd: { ...NSQ, package: "github.com/nsqio/nsq/apps/nsqd" },
  nsqlookupd: { ...NSQ, package: "github.com/nsqio/nsq/apps/nsqlookupd" },
};

/** Runs `go` at low priority with its output on ours. Errors: rejects when it cannot be started or fails. */
function go(cwd: string, args: readonly string[]): Promise<void> {
  console.log(`  go ${args.join(" ")}`);
  return new Promise((resolve, reject) => {
    const child = spawn("nice", ["-n", "15", "go", ...args], {
      cwd,
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`go ${args[0]} ended with ${code}`))));
  });
}

/** Builds `tool` to `target`. In a module of its own: a tool whose module replaces others cannot be installed directly. */
async function build(tool: Tool, target: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "skiff-tool-"));
  try {
    await go(directory, ["mod", "init", "skiff-tool"]);
    for (const replacement of tool.replaces ?? []) await go(directory, ["mod", "edit", `-replace=${replacement}`]);
    await go(directory, ["get", `${tool.package ?? tool.module}@${tool.version}`]);
    if (tool.main !== undefined) {
      writeFileSync(join(directory, "main.go"), tool.main);
      await go(directory, ["mod", "tidy"]);
    }
    const built = `${target}.${process.pid}`;
    await go(directory, ["build", "-trimpath", `-ldflags=-s -w ${tool.link ?? ""}`, "-o", built, tool.package ?? "."]);
    // Renamed when whole: a build that is broken off leaves nothing that looks like the tool.
    renameSync(built, target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const names = process.argv.length > 2 ? process.argv.slice(2) : ["etcd"];
const bin = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "skiff", "tools", "bin");
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

import { existsSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY, runVisibly } from "./tools.ts";

const PROGRAM = join(REPOSITORY, "packages/skiff/dist/skiff.js");

/** The cluster that the tests run in: real nodes, started by the built `skiff` command as users start it. */
export class ConformanceCluster {
  readonly kubeconfig: string;
  readonly #name: string;
  readonly #directory: string;

  /** `directory` holds its data and its kubeconfig. */
  constructor(name: string, directory: string) {
    this.#name = name;
    this.#directory = directory;
    this.kubeconfig = join(directory, "kubeconfig");
  }

  /** Starts it, or what does not run of it. `mirror`: as `--registry-mirror` of `skiff up`. Errors: rejects when the command fails or is not built. */
  async up(nodes: number, mirror: string): Promise<void> {
    if (!existsSync(PROGRAM)) throw new Error("the skiff command is not built: run npm run build");
    const place = ["--data-dir", join(this.#directory, "cluster"), "--kubeconfig", this.kubeconfig];
    await this.#skiff("up", "--name", this.#name, "--nodes", String(nodes), "--registry-mirror", mirror, ...place);
  }

  async loadImages(archives: readonly string[]): Promise<void> {
    await this.#skiff("image", "load", "--name", this.#name, ...archives);
  }

  async remove(): Promise<void> {
    await this.#skiff("delete", "--name", this.#name, "--kubeconfig", this.kubeconfig);
  }

  #skiff(...args: string[]): Promise<void> {
    return runVisibly(process.execPath, [PROGRAM, ...args], REPOSITORY);
  }
}

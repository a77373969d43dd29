import { fileURLToPath } from "node:url";
import { systemClock } from "@skiff/base";
import { NodeProcessSpawner } from "@skiff/cri";
import { buildBusyboxArchive, DebianImageBuilder, RECIPES } from "@skiff/e2e";
import type { Workspace } from "./workspace.ts";

const PROGRAM = fileURLToPath(new URL("../../skiff/dist/skiff.js", import.meta.url));
const UP_TIMEOUT_MS = 240_000;
const LOAD_TIMEOUT_MS = 600_000;

/** The command that runs the Skiff of this repository, which must have been built. */
export const SKIFF: readonly string[] = [process.execPath, PROGRAM];

/** Builds the archives of the named images, or takes them from the cache. Errors: when there is no recipe of that name. */
export async function imageArchives(names: readonly string[]): Promise<string[]> {
  const builder = new DebianImageBuilder({ spawner: new NodeProcessSpawner(systemClock) });
  const archives: string[] = [];
  for (const name of names) {
    const recipe = RECIPES.find((each) => each.name === name);
    if (recipe === undefined && name !== "busybox") throw new Error(`there is no image recipe "${name}"`);
    archives.push(recipe === undefined ? await buildBusyboxArchive() : await builder.build(recipe));
  }
  return archives;
}

/** A real cluster for the replay of one document. */
export class ReplayCluster {
  readonly #workspace: Workspace;
  readonly name: string;
  readonly nodes: number;
  readonly #archives: readonly string[];

  constructor(workspace: Workspace, name: string, nodes: number, archives: readonly string[]) {
    this.#workspace = workspace;
    this.name = name;
    this.nodes = nodes;
    this.#archives = archives;
  }

  /** Starts it, with the document's images on its nodes and its context current in the desk's kubeconfig. */
  async up(): Promise<void> {
    await this.#skiff(`up --name ${this.name} --nodes ${this.nodes} --kubeconfig '${this.#workspace.kubeconfig}'`, UP_TIMEOUT_MS);
    if (this.#archives.length > 0)
      await this.#skiff(`image load --name ${this.name} ${this.#archives.map((file) => `'${file}'`).join(" ")}`, LOAD_TIMEOUT_MS);
  }

  /** Removes it and all that it made. */
  async delete(): Promise<void> {
    await this.#skiff(`delete --name ${this.name} --kubeconfig '${this.#workspace.kubeconfig}'`, UP_TIMEOUT_MS);
  }

  async #skiff(args: string, timeoutMs: number): Promise<void> {
    const { code, stdout, stderr } = await this.#workspace.run(`skiff ${args}`, timeoutMs);
    if (code !== 0) throw new Error(`skiff ${args}: exit ${code}\n${stderr || stdout}`);
  }
}

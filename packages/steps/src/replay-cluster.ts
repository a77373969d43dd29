import { fileURLToPath } from "node:url";
import type { Workspace } from "./workspace.ts";

const PROGRAM = fileURLToPath(new URL("../../skiff/dist/skiff.js", import.meta.url));
const UP_TIMEOUT_MS = 240_000;

/** The command that runs the Skiff of this repository, which must have been built. */
export const SKIFF: readonly string[] = [process.execPath, PROGRAM];

/** A real cluster for the replay of one document. */
export class ReplayCluster {
  readonly #workspace: Workspace;
  readonly name: string;
  readonly nodes: number;
  readonly #mirror: string;
  readonly #address: string | undefined;

  /**
   * `mirror` is the address of the registry from which the nodes pull every image, `address` that of this machine for others
   * that join.
   */
  constructor(workspace: Workspace, name: string, nodes: number, mirror: string, address?: string) {
    this.#workspace = workspace;
    this.name = name;
    this.nodes = nodes;
    this.#mirror = mirror;
    this.#address = address;
  }

  /** Starts it anew, with its context current in the desk's kubeconfig. What an earlier replay left of it is removed. */
  async up(): Promise<void> {
    if ((await this.#workspace.run(`skiff status --name ${this.name}`)).code === 0) await this.delete();
    const advertise = this.#address === undefined ? "" : ` --advertise-address ${this.#address}`;
    await this.#skiff(
      `up --name ${this.name} --nodes ${this.nodes} --registry-mirror '*=${this.#mirror}' --kubeconfig '${this.#workspace.kubeconfig}'${advertise}`,
    );
  }

  /** Removes it and all that it made. */
  async delete(): Promise<void> {
    await this.#skiff(`delete --name ${this.name} --kubeconfig '${this.#workspace.kubeconfig}'`);
  }

  async #skiff(args: string): Promise<void> {
    const { code, stdout, stderr } = await this.#workspace.run(`skiff ${args}`, UP_TIMEOUT_MS);
    if (code !== 0) throw new Error(`skiff ${args}: exit ${code}\n${stderr || stdout}`);
  }
}

import { spawn } from "node:child_process";
import type { PacketFilter, TrackedFlow } from "@skiff/proxy";

/** How much a tool may print before its words are cut. */
const OUTPUT_LIMIT = 64 * 1024;

/** A command that ended with an error. */
class CommandError extends Error {
  override readonly name = "CommandError";
}

/**
 * The {@link PacketFilter} of Linux: `nft`, and `conntrack` where it is installed. `prefix` is put before each command,
 * for example `["ip", "netns", "exec", "node-2"]`.
 */
export class NftPacketFilter implements PacketFilter {
  readonly #prefix: readonly string[];

  constructor(prefix: readonly string[] = []) {
    this.#prefix = prefix;
  }

  async apply(commands: string): Promise<void> {
    await this.#run(["nft", "-f", "-"], commands);
  }

  async hasTable(table: string): Promise<boolean> {
    const tables = await this.#run(["nft", "list", "tables", "ip"]);
    return tables.split("\n").includes(`table ip ${table}`);
  }

  async removeTable(table: string): Promise<void> {
    await this.#run(["nft", "-f", "-"], `add table ip ${table}\ndelete table ip ${table}\n`);
  }

  async forgetFlows(flows: readonly TrackedFlow[]): Promise<void> {
    for (const flow of flows) {
      const original = flow.originalIp === undefined ? [] : ["--orig-dst", flow.originalIp];
      const command = [
        "conntrack",
        "-D",
        "-p",
        flow.transport,
        "--dport",
        String(flow.originalPort),
        ...original,
        "--dst-nat",
        flow.destinationIp,
      ];
      // The tool answers with an error when there is no such flow, and it may not be installed: both are fine.
      await this.#run(command).catch(() => "");
    }
  }

  #run(command: readonly string[], input = ""): Promise<string> {
    const [program = "", ...rest] = [...this.#prefix, ...command];
    return new Promise((resolve, reject) => {
      const child = spawn(program, rest, { stdio: ["pipe", "pipe", "pipe"] });
      let output = "";
      let errors = "";
      child.stdout.on("data", (chunk: Buffer) => {
        if (output.length < OUTPUT_LIMIT) output += chunk.toString();
      });
      child.stderr.on("data", (chunk: Buffer) => {
        if (errors.length < OUTPUT_LIMIT) errors += chunk.toString();
      });
      child.on("error", (cause) => reject(new CommandError(`${program} could not be started: ${cause.message}`, { cause })));
      child.on("close", (code) => {
        if (code === 0) resolve(output);
        else reject(new CommandError(`${command.join(" ")} ended with ${code}: ${errors.trim()}`));
      });
      // A tool that ends early closes its input; its exit code says what was wrong.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
  }
}

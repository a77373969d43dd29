import { existsSync } from "node:fs";
import { inNetworkNamespace, nodeCommandRunner, runOrThrow, type Command } from "@skiff/cni";
import { PROGRAM, run, type CommandResult } from "./test-cluster.ts";

/** Where the other machine is, as seen from this one. */
interface OtherMachineOptions {
  /** Of the network namespace; must be nobody else's. */
  readonly name: string;
  /** This machine's address and the other's, in a network of 256 addresses that they share. */
  readonly here: string;
  readonly there: string;
}

/**
 * A stand-in for another machine: a network namespace with an address of its own, which is joined to this machine by a cable
 * (a veth pair). It shares this machine's files.
 */
export class OtherMachine {
  readonly #options: OtherMachineOptions;
  readonly #cable: string;

  private constructor(options: OtherMachineOptions) {
    this.#options = options;
    // Nobody takes an interface of that name for the machine's way out.
    this.#cable = `veth-${options.name}`.slice(0, 15);
  }

  /** Builds it, in the place of one that an earlier run left behind. */
  static async create(options: OtherMachineOptions): Promise<OtherMachine> {
    const machine = new OtherMachine(options);
    await machine.remove();
    await machine.#build();
    return machine;
  }

  /** Its address. */
  get address(): string {
    return this.#options.there;
  }

  /** This machine's address, as the other one sees it. */
  get addressHere(): string {
    return this.#options.here;
  }

  /** The command that runs `command` there. */
  command(command: readonly string[]): Command {
    return inNetworkNamespace(this.#options.name, command);
  }

  /** Runs `skiff` there, however it ends. */
  async skiff(args: readonly string[]): Promise<CommandResult> {
    const [program, ...rest] = this.command([process.execPath, PROGRAM, ...args]);
    return run(program, rest);
  }

  /** Links, routes and packet rules, one line each. */
  async network(): Promise<string[]> {
    const commands: Command[] = [
      ["ip", "-br", "link"],
      ["ip", "route"],
      ["nft", "list", "tables"],
    ];
    const outputs = await Promise.all(commands.map((command) => runOrThrow(nodeCommandRunner, this.command(command))));
    return outputs.flatMap((output) => output.trim().split("\n").filter(Boolean));
  }

  async remove(): Promise<void> {
    if (existsSync(`/sys/class/net/${this.#cable}`)) await nodeCommandRunner.run(["ip", "link", "del", this.#cable]);
    if (existsSync(`/run/netns/${this.#options.name}`)) await nodeCommandRunner.run(["ip", "netns", "del", this.#options.name]);
  }

  async #build(): Promise<void> {
    const { name, here, there } = this.#options;
    const cable = this.#cable;
    const commands: Command[] = [
      ["ip", "netns", "add", name],
      ["ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name],
      ["ip", "address", "add", `${here}/24`, "dev", cable],
      ["ip", "link", "set", cable, "up"],
      ["ip", "-n", name, "address", "add", `${there}/24`, "dev", "eth0"],
      ["ip", "-n", name, "link", "set", "eth0", "up"],
      ["ip", "-n", name, "link", "set", "lo", "up"],
      ["ip", "-n", name, "route", "add", "default", "via", here],
    ];
    for (const command of commands) await runOrThrow(nodeCommandRunner, command);
  }
}

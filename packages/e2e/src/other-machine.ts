import { existsSync } from "node:fs";
import { inNetworkNamespace, nodeCommandRunner, runOrThrow, type Command } from "@skiff/cni";
import { PROGRAM, run, type CommandResult } from "./test-cluster.ts";

/** Where the other machine is, as seen from this one. */
interface OtherMachineOptions {
  /** Of the network namespace; must be nobody else's. */
  readonly name: string;
  /** This machine's address, in a network of 256. */
  readonly here: string;
  /** The other's: in the same network, or in one behind a router, which knows these two networks only. */
  readonly there: string;
}

/**
 * A stand-in for another machine: a network namespace with an address of its own, which is joined to this machine by a cable
 * (a veth pair), or by two with a router between them. It shares this machine's files.
 */
export class OtherMachine {
  readonly #options: OtherMachineOptions;
  readonly #cable: string;
  readonly #router: string;

  private constructor(options: OtherMachineOptions) {
    this.#options = options;
    // Nobody takes an interface of that name for the machine's way out.
    this.#cable = `veth-${options.name}`.slice(0, 15);
    this.#router = `${options.name}-router`;
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
    for (const namespace of [this.#options.name, this.#router])
      if (existsSync(`/run/netns/${namespace}`)) await nodeCommandRunner.run(["ip", "netns", "del", namespace]);
  }

  async #build(): Promise<void> {
    const { name, here, there } = this.#options;
    const cable = this.#cable;
    const isNear = networkOf(here) === networkOf(there);
    const end = isNear ? name : this.#router;
    const commands: Command[] = [
      ...namespace(name),
      ...(isNear ? [] : namespace(end)),
      ["ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", end],
      ["ip", "address", "add", `${here}/24`, "dev", cable],
      ["ip", "link", "set", cable, "up"],
      ...(isNear
        ? [...interfaceSteps(name, "eth0", there), ["ip", "-n", name, "route", "add", "default", "via", here] as const]
        : this.#routerSteps()),
    ];
    for (const command of commands) await runOrThrow(nodeCommandRunner, command);
  }

  /** A router with an end in both networks, and the ways to it. */
  #routerSteps(): Command[] {
    const { name, here, there } = this.#options;
    const router = this.#router;
    const [near, far] = [`${networkOf(here)}.254`, `${networkOf(there)}.254`];
    return [
      ...interfaceSteps(router, "eth0", near),
      ["ip", "-n", router, "link", "add", "eth1", "type", "veth", "peer", "name", "eth0", "netns", name],
      ...interfaceSteps(router, "eth1", far),
      ...interfaceSteps(name, "eth0", there),
      ["ip", "-n", router, "route", "add", "default", "via", here],
      ["ip", "netns", "exec", router, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"],
      ["ip", "-n", name, "route", "add", "default", "via", far],
      ["ip", "route", "replace", `${networkOf(there)}.0/24`, "via", near],
    ];
  }
}

function namespace(name: string): Command[] {
  return [
    ["ip", "netns", "add", name],
    ["ip", "-n", name, "link", "set", "lo", "up"],
  ];
}

function interfaceSteps(name: string, device: string, address: string): Command[] {
  return [
    ["ip", "-n", name, "address", "add", `${address}/24`, "dev", device],
    ["ip", "-n", name, "link", "set", device, "up"],
  ];
}

/** The first three octets. */
function networkOf(address: string): string {
  return address.replace(/\.\d+$/, "");
}

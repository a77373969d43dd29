import { allCommands, unsupportedCommands } from "./commands/all-commands.ts";
import type { Command } from "./command.ts";
import { parseFlags, type FlagDefinitions, type Flags } from "./flags.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";
import { commandHelp, generalHelp, groupHelp, optionsHelp } from "./help.ts";
import type { KubectlIo } from "./io.ts";
import { errorText, exitCodeOf, KubectlError, notDone, SilentExit } from "./kubectl-error.ts";
import { Session } from "./session.ts";

/**
 * Runs one command line of `skiff kubectl` (`args` begin behind the program's name) and answers its exit code: 0 when it
 * went well, 1 for errors, and what `exec`, `run` and `diff` define otherwise. Never rejects for errors of the command.
 */
export async function runKubectl(args: readonly string[], io: KubectlIo): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    if (!(error instanceof SilentExit)) io.stderr(`${errorText(error)}\n`);
    return exitCodeOf(error);
  }
}

async function dispatch(args: readonly string[], io: KubectlIo): Promise<number> {
  const { names, rest } = splitCommand(args);
  const [first] = names;
  if (first === undefined || first === "help") {
    const topic = names[1] === undefined ? undefined : findCommand([...names.slice(1), ...rest.filter((word) => !word.startsWith("-"))]);
    io.stdout(topic === undefined ? generalHelp(allCommands) : commandHelp(topic.command));
    return 0;
  }
  if (first === "options") {
    io.stdout(optionsHelp());
    return 0;
  }
  const match = findCommand(names);
  if (match === undefined) return unknownCommand(names, rest, io);
  const { command, used } = match;
  const definitions: FlagDefinitions = { ...GLOBAL_FLAGS, ...command.flags };
  const words = removeNames(args, used);
  const flags = parseFlags(command.name, definitions, words);
  if (flags.bool("help")) {
    io.stdout(commandHelp(command));
    return 0;
  }
  return runCommand(command, flags, io);
}

async function runCommand(command: Command, flags: Flags, io: KubectlIo): Promise<number> {
  const session = new Session(io, flags);
  try {
    await command.run(session);
    return 0;
  } catch (error) {
    // A command that the user interrupted has nothing to complain about.
    if (io.signal.aborted) return 130;
    throw error;
  } finally {
    await session.close();
  }
}

function unknownCommand(names: readonly string[], rest: readonly string[], io: KubectlIo): number {
  const [first = ""] = names;
  const group = allCommands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0) {
    if (names.length > 1 && !rest.includes("--help"))
      throw new KubectlError(`unknown command "${names.slice(1).join(" ")}" for "kubectl ${first}"`);
    io.stdout(groupHelp(first, group));
    return 0;
  }
  if (unsupportedCommands.includes(first)) throw notDone(first);
  throw new KubectlError(`unknown command "${first}" for "kubectl"`);
}

/** The words that may name a command: those before and between flags, with the flags' own values left out. */
function splitCommand(args: readonly string[]): { readonly names: readonly string[]; readonly rest: readonly string[] } {
  const names: string[] = [];
  const rest: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    if (word === "--") break;
    if (word.startsWith("-")) {
      rest.push(word);
      if (takesValue(word)) index++;
    } else names.push(word);
  }
  return { names, rest };
}

/** True for global flags that take the next word; the flags of a command come behind its name. */
function takesValue(word: string): boolean {
  if (word.includes("=")) return false;
  const entry = Object.entries(GLOBAL_FLAGS).find(
    ([name, { short }]) => word === `--${name}` || (short !== undefined && word === `-${short}`),
  );
  return entry !== undefined && entry[1].type !== "bool" && entry[1].type !== "optional";
}

function findCommand(names: readonly string[]): { readonly command: Command; readonly used: number } | undefined {
  const [first = "", second = "", third = ""] = names;
  const named = (name: string): Command | undefined =>
    allCommands.find((command) => command.name === name || command.aliases?.includes(name));
  const three = third === "" ? undefined : named(`${first} ${second} ${third}`);
  if (three !== undefined) return { command: three, used: 3 };
  const two = second === "" ? undefined : named(`${first} ${second}`);
  if (two !== undefined) return { command: two, used: 2 };
  const one = named(first);
  return one === undefined ? undefined : { command: one, used: 1 };
}

/** The words without the first `count` that name the command. */
function removeNames(args: readonly string[], count: number): readonly string[] {
  const words = [...args];
  let left = count;
  for (let index = 0; index < words.length && left > 0;) {
    const word = words[index] ?? "";
    if (word.startsWith("-")) {
      index += takesValue(word) ? 2 : 1;
      continue;
    }
    words.splice(index, 1);
    left--;
  }
  return words;
}

import { DEFAULT_TOKEN_TTL_MS, humanDuration, msUntilTokenExpiry, type BootstrapToken, type TokenParts } from "@skiff/api";
import type { Client } from "@skiff/client";
import {
  createToken,
  deleteToken,
  ensureOthersCanJoin,
  joinCommand,
  listTokens,
  tokenClient,
  type ClusterConfig,
  type ClusterPaths,
} from "@skiff/cluster";
import { Option, type Command } from "commander";
import { clusterManager } from "../cluster-manager.ts";
import type { CommandContext } from "../command-context.ts";
import { parseClusterName, parseToken, parseTtl } from "../option-parsers.ts";

interface Flags {
  readonly name: string;
  readonly output: "text" | "json";
}

interface CreateFlags extends Flags {
  readonly ttl: number;
  readonly description?: string;
  readonly printJoinCommand?: boolean;
}

const COLUMNS = ["TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS"];

/** `skiff token create|list|delete`. */
export function addToken(program: Command, context: CommandContext): void {
  const token = program.command("token").description("the tokens by which other machines join a cluster of this machine");
  const named = (command: Command): Command =>
    command
      .option("--name <name>", "the cluster", parseClusterName, "skiff")
      .addOption(new Option("-o, --output <format>", "text or json").choices(["text", "json"]).default("text"));

  named(token.command("create").argument("[token]", "default: a new, random one", parseToken))
    .description("make a token and print it")
    .option("--ttl <duration>", "how long it lives; 0 for ever", parseTtl, DEFAULT_TOKEN_TTL_MS)
    .option("--description <text>", "what it is for")
    .option("--print-join-command", "print the whole command for the other machine in place of the token")
    .addHelpText(
      "after",
      "\nExamples:\n  skiff token create --print-join-command\n  skiff token create --ttl 1h --description 'for the new rack'",
    )
    .action(async (wanted: TokenParts | undefined, flags: CreateFlags) => {
      const { config, paths, client } = await clusterOf(context, flags.name);
      // Before there is a token, for who asks for the command is to hear why there is none.
      if (flags.printJoinCommand === true) ensureOthersCanJoin(config);
      const made = await createToken(client, context.host, { token: wanted, ttlMs: flags.ttl, description: flags.description ?? "" });
      const command = flags.printJoinCommand === true ? joinCommand(config, paths, made) : undefined;
      const text = command ?? `${made.id}.${made.secret}`;
      context.terminal.out(
        flags.output === "json" ? `${JSON.stringify({ ...described(made), joinCommand: command }, undefined, 2)}\n` : `${text}\n`,
      );
    });

  named(token.command("list"))
    .description("list the tokens")
    .action(async (flags: Flags) => {
      const { client } = await clusterOf(context, flags.name);
      const tokens = await listTokens(client);
      context.terminal.out(
        flags.output === "json" ? `${JSON.stringify(tokens.map(described), undefined, 2)}\n` : table(tokens, context.host.clock.now()),
      );
    });

  named(token.command("delete").argument("<token...>", "the token, or its first part", parseTokenIds))
    .description("make tokens worthless")
    .action(async (ids: readonly string[], flags: Flags) => {
      const { client } = await clusterOf(context, flags.name);
      for (const id of ids) {
        await deleteToken(client, id);
        context.terminal.out(flags.output === "json" ? `${JSON.stringify({ deleted: id })}\n` : `bootstrap token "${id}" deleted\n`);
      }
    });
}

async function clusterOf(
  context: CommandContext,
  name: string,
): Promise<{ readonly config: ClusterConfig; readonly paths: ClusterPaths; readonly client: Client }> {
  const { config, paths } = clusterManager(context).open(name);
  return { config, paths, client: await tokenClient(context.host, config, paths) };
}

function parseTokenIds(text: string, before: readonly string[] | undefined): readonly string[] {
  const id = /^[a-z0-9]{6}$/.test(text) ? text : parseToken(text).id;
  return [...(before ?? []), id];
}

/** A token as scripts get it. */
function described(token: BootstrapToken): object {
  const { id, secret, description, expiration, usages, groups } = token;
  return { token: `${id}.${secret}`, description, ...(expiration === undefined ? {} : { expires: expiration }), usages, groups };
}

function table(tokens: readonly BootstrapToken[], nowMs: number): string {
  const rows = tokens.map((token) => {
    const leftMs = msUntilTokenExpiry(token.expiration, nowMs);
    return [
      `${token.id}.${token.secret}`,
      leftMs === undefined ? "<forever>" : leftMs <= 0 ? "<invalid>" : humanDuration(leftMs),
      token.expiration ?? "<never>",
      token.usages.join(",") || "<none>",
      token.description || "<none>",
      token.groups.join(",") || "<none>",
    ];
  });
  const lines = [COLUMNS, ...rows];
  const widths = COLUMNS.map((_name, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("   ")
          .trimEnd()}\n`,
    )
    .join("");
}

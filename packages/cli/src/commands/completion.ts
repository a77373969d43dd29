import { Argument, type Command } from "commander";
import type { CommandContext } from "../command-context.ts";

/** `skiff completion bash|zsh|fish`. */
export function addCompletion(program: Command, context: CommandContext): void {
  program
    .command("completion")
    .description("print a completion script for a shell")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .addHelpText("after", "\nExamples:\n  source <(skiff completion bash)\n  skiff completion fish > ~/.config/fish/completions/skiff.fish")
    .action((shell: "bash" | "zsh" | "fish") => {
      const commands = program.commands.map((command) => ({
        name: command.name(),
        description: command.description(),
        options: command.options.flatMap((option) => (option.long ? [option.long] : [])),
        subcommands: command.commands.map((subcommand) => subcommand.name()),
      }));
      context.terminal.out(SCRIPTS[shell](commands));
    });
}

interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly string[];
  readonly subcommands: readonly string[];
}

const SCRIPTS: Readonly<Record<"bash" | "zsh" | "fish", (commands: readonly CompletedCommand[]) => string>> = {
  bash: (commands) => `_skiff() {
  local words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map(({ name }) => name).join(" ")}"
  else
    case "\${COMP_WORDS[1]}" in
${commands.map(({ name, options, subcommands }) => `      ${name}) words="${[...subcommands, ...options].join(" ")}" ;;`).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _skiff skiff
`,
  zsh: (commands) => `#compdef skiff
_skiff() {
  if (( CURRENT == 2 )); then
    local -a commands=(${commands.map(({ name, description }) => `'${name}:${description.replaceAll("'", "")}'`).join(" ")})
    _describe command commands
  else
    case "$words[2]" in
${commands.map(({ name, options, subcommands }) => `      ${name}) compadd -- ${[...subcommands, ...options].join(" ")} ;;`).join("\n")}
    esac
    _files
  fi
}
compdef _skiff skiff
`,
  fish: (commands) =>
    commands
      .flatMap(({ name, description, options, subcommands }) => [
        `complete -c skiff -n __fish_use_subcommand -a ${name} -d '${description.replaceAll("'", "")}'`,
        ...subcommands.map((subcommand) => `complete -c skiff -n '__fish_seen_subcommand_from ${name}' -a ${subcommand}`),
        ...options.map((option) => `complete -c skiff -n '__fish_seen_subcommand_from ${name}' -l ${option.replace(/^--/, "")}`),
      ])
      .join("\n") + "\n",
};

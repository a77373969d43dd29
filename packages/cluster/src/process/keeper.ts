import type { TableEntry } from "./process-table.ts";

/** What a keeper calls itself in the process table. */
const KEEPER_NAME = "skiff-keeper";

/**
 * Keeps one program running: starts it again whenever it ends, however it ends. A shell, because a keeper must cost next
 * to nothing and must not be able to fail; it holds no state but the pause before the next start.
 *
 * The pauses: none after a life of 10 s or more, else 0, 1, 2, 4, 8, 10, 10, … seconds. A program that ends by itself
 * with an error in the first 10 s of its first life cannot work: then the keeper ends too, and whoever started it sees
 * that. The first two arguments name a program of an earlier keeper, its number and start time, that is taken over; they
 * are empty when there is none. Signals end the keeper and leave the program alone: who wants both gone ends the keeper
 * first.
 */
const SCRIPT = `
adopted_pid=$1 adopted_start=$2
shift 2
alive() {
  if [ -r /proc/self/stat ]; then
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
    set -- "$2" \${stat##*) }
    [ "$2" != Z ] && [ "$1" = "\${21}" ]
  else
    kill -0 "$1" 2>/dev/null
  fi
}
if [ -n "$adopted_pid" ]; then
  while alive "$adopted_pid" "$adopted_start"; do sleep 1; done
fi
lives=0 pause=0
while :; do
  began=$(date +%s)
  "$@"
  code=$?
  lives=$((lives + 1))
  if [ $(($(date +%s) - began)) -ge 10 ]; then pause=0
  elif [ "$lives" = 1 ] && [ -z "$adopted_pid" ] && [ "$code" -gt 0 ] && [ "$code" -lt 128 ]; then exit "$code"
  elif [ "$lives" = 1 ]; then pause=0
  elif [ "$pause" = 0 ]; then pause=1
  elif [ "$pause" -ge 8 ]; then pause=10
  else pause=$((pause * 2)); fi
  echo "{\\"time\\":\\"$(date -u +%FT%TZ)\\",\\"level\\":\\"warn\\",\\"message\\":\\"the process ended and is started again\\",\\"exitCode\\":$code,\\"pauseSeconds\\":$pause}"
  [ "$pause" = 0 ] || sleep "$pause"
done
`;

/** The command of a keeper for `program`, which takes over `adopted` when that still runs. */
export function keeperCommand(program: readonly string[], adopted: Pick<TableEntry, "pid" | "startTicks"> | undefined): string[] {
  return ["/bin/sh", "-c", SCRIPT, KEEPER_NAME, adopted === undefined ? "" : `${adopted.pid}`, adopted?.startTicks ?? "", ...program];
}

/** True when the process is a keeper, and not what it keeps. */
export function isKeeper({ command }: Pick<TableEntry, "command">): boolean {
  return command.includes(KEEPER_NAME);
}

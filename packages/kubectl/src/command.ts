import type { FlagDefinitions } from "./flags.ts";
import type { Session } from "./session.ts";

/** One command of kubectl. */
export interface Command {
  /** As typed: `get`, `rollout status`. */
  readonly name: string;
  /** In one line, for help. */
  readonly summary: string;
  /** What stands behind the name in the usage line. */
  readonly usage: string;
  readonly flags: FlagDefinitions;
  /** Other names. */
  readonly aliases?: readonly string[];
  /** Not shown in the list of commands. */
  readonly hidden?: boolean;
  /** Ends in order or throws; what it throws is printed as kubectl prints errors. */
  readonly run: (session: Session) => Promise<void>;
}

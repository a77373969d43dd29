import type { StateHome } from "../layout/state-home.ts";
import { UserError } from "../user-error.ts";

/** What is said to who names a cluster that this user does not have. */
export function noSuchCluster(name: string, home: StateHome): UserError {
  const names = home.clusters();
  return new UserError(
    `There is no cluster named ${name}.`,
    names.length === 0
      ? "Start one with: skiff up"
      : `There ${names.length === 1 ? "is" : "are"}: ${names.join(", ")}. Start this one with: skiff up --name ${name}`,
  );
}

import type { JsonObject } from "@skiff/api";
import type { Command } from "../../command.ts";
import type { FlagDefinitions } from "../../flags.ts";
import { OUTPUT_FLAGS, WRITE_FLAGS } from "../../global-flags.ts";
import { KubectlError } from "../../kubectl-error.ts";
import type { Session } from "../../session.ts";
import { createGenerated } from "./create-generated.ts";

/** What a generator makes: an object without a namespace. */
type Generate = (session: Session, name: string) => object | Promise<object>;

/** A command `create NAME` that sends what `generate` makes, with the flags that all of them have beside its own. */
export function generator(
  name: string,
  summary: string,
  flags: FlagDefinitions,
  generate: Generate,
  aliases: readonly string[] = [],
): Command {
  return {
    name: `create ${name}`,
    aliases: aliases.map((alias) => `create ${alias}`),
    summary,
    usage: "NAME [options]",
    flags: {
      ...OUTPUT_FLAGS,
      ...WRITE_FLAGS,
      "save-config": { type: "bool", help: "If true, the configuration of current object will be saved in its annotation." },
      ...flags,
    },
    async run(session) {
      const [objectName, ...more] = session.flags.args;
      if (objectName === undefined || (more.length > 0 && name !== "service clusterip")) {
        throw new KubectlError(
          `exactly one NAME is required, got ${session.flags.args.length}\nSee 'kubectl create ${name} -h' for help and examples`,
        );
      }
      await createGenerated(session, (await generate(session, objectName)) as JsonObject);
    },
  };
}

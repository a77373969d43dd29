import { text, pairsOf } from "./flag-definitions.ts";
import { generator } from "./generator.ts";

/** `kubectl create quota`. */
export const quota = generator(
  "quota",
  "Create a quota with the specified name",
  {
    hard: text("A comma-delimited set of resource=quantity pairs that define a hard limit."),
    scopes: text("A comma-delimited set of quota scopes that must all match each object tracked by the quota."),
  },
  ({ flags }, name) => ({
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name },
    spec: {
      ...(flags.text("hard") ? { hard: pairsOf(flags.text("hard")) } : {}),
      ...(flags.text("scopes") ? { scopes: flags.text("scopes").split(",") } : {}),
    },
    status: {},
  }),
  ["resourcequota"],
);

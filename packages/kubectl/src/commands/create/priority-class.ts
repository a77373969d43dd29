import { text } from "./flag-definitions.ts";
import { generator } from "./generator.ts";

/** `kubectl create priorityclass`. */
export const priorityClass = generator(
  "priorityclass",
  "Create a priority class with the specified name",
  {
    value: text("the value of this priority class."),
    "global-default": { type: "bool", help: "whether this PriorityClass should be considered as the default priority." },
    description: text("description is an arbitrary string that usually provides guidelines on when this priority class should be used."),
    "preemption-policy": { type: "string", default: "PreemptLowerPriority", help: "the policy for preempting pods with lower priority." },
  },
  ({ flags }, name) => ({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value: flags.has("value") ? flags.integer("value") : 0,
    ...(flags.bool("global-default") ? { globalDefault: true } : {}),
    ...(flags.text("description") === "" ? {} : { description: flags.text("description") }),
    preemptionPolicy: flags.text("preemption-policy"),
  }),
  ["pc"],
);

import { containerOf } from "../../generators/pod-template.ts";
import { text, required } from "./flag-definitions.ts";
import { generator } from "./generator.ts";

/** `kubectl create cronjob`. */
export const cronJob = generator(
  "cronjob",
  "Create a cron job with the specified name",
  {
    image: text("Image name to run."),
    schedule: text("A schedule in the Cron format the job should be run with."),
    restart: text("job's restart policy. supported values: OnFailure, Never"),
  },
  ({ flags }, name) => {
    const spec = {
      containers: [containerOf(name, required(flags, "image"), { command: [...(flags.afterDash ?? [])] })],
      restartPolicy: flags.text("restart") || "OnFailure",
    };
    return {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name },
      spec: { jobTemplate: { metadata: { name }, spec: { template: { metadata: {}, spec } } }, schedule: required(flags, "schedule") },
      status: {},
    };
  },
  ["cj"],
);

import type { JsonObject } from "@skiff/api";
import { containerOf } from "../../generators/pod-template.ts";
import { KubectlError } from "../../kubectl-error.ts";
import { text } from "./flag-definitions.ts";
import { generator } from "./generator.ts";

/** `kubectl create job`. */
export const job = generator(
  "job",
  "Create a job with the specified name",
  { image: text("Image name to run."), from: text("The name of the resource to create a Job from (only cronjob is supported).") },
  async (session, name) => {
    const { flags } = session;
    if (flags.has("image") === flags.has("from")) throw new KubectlError("either --image or --from must be specified");
    if (flags.has("image")) {
      const template = {
        metadata: {},
        spec: { containers: [containerOf(name, flags.text("image"), { command: [...(flags.afterDash ?? [])] })], restartPolicy: "Never" },
      };
      return { apiVersion: "batch/v1", kind: "Job", metadata: { name }, spec: { template }, status: {} };
    }
    const [type, source = ""] = flags.text("from").split("/");
    const resource = await (await session.mapper()).byName(type ?? "");
    if (resource.kind !== "CronJob") throw new KubectlError(`from must be an existing cronjob`);
    const cronJob = await session.get(resource, await session.namespace(), source);
    const template = (cronJob.spec as { jobTemplate?: { metadata?: JsonObject; spec?: JsonObject } }).jobTemplate ?? {};
    const owner = { apiVersion: "batch/v1", kind: "CronJob", name: source, uid: cronJob.metadata?.uid ?? "", controller: true };
    const annotations = {
      "cronjob.kubernetes.io/instantiate": "manual",
      ...(template.metadata?.annotations as JsonObject | undefined),
    };
    return {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, annotations, labels: template.metadata?.labels ?? {}, ownerReferences: [owner] },
      spec: template.spec ?? {},
      status: {},
    };
  },
);

import type { JsonValue } from "@skiff/api";
import { containerName, containerOf } from "../../generators/pod-template.ts";
import { KubectlError } from "../../kubectl-error.ts";
import { array } from "./flag-definitions.ts";
import { generator } from "./generator.ts";

/** `kubectl create deployment`. */
export const deployment = generator(
  "deployment",
  "Create a deployment with the specified name",
  {
    image: array("Image names to run."),
    port: { type: "string", default: "-1", help: "The containerPort that this deployment exposes." },
    replicas: { short: "r", type: "string", default: "1", help: "Number of replicas to create." },
  },
  ({ flags }, name) => {
    const images = flags.list("image");
    if (images.length === 0) throw new KubectlError('required flag(s) "image" not set');
    const command = flags.afterDash ?? [];
    if (images.length > 1 && command.length > 0) throw new KubectlError("cannot specify multiple --image options and command");
    const port = flags.integer("port");
    const containers = images.map((image): JsonValue =>
      containerOf(containerName(image), image, { command: [...command], ports: port > 0 ? [{ containerPort: port }] : [] }),
    );
    const labels = { app: name };
    return {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, labels },
      spec: {
        replicas: flags.integer("replicas"),
        selector: { matchLabels: labels },
        strategy: {},
        template: { metadata: { labels }, spec: { containers } },
      },
      status: {},
    };
  },
  ["deploy"],
);

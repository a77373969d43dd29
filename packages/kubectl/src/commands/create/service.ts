import type { JsonObject } from "@skiff/api";
import type { Command } from "../../command.ts";
import type { FlagDefinitions } from "../../flags.ts";
import { KubectlError } from "../../kubectl-error.ts";
import { text, list, required } from "./flag-definitions.ts";
import { generator } from "./generator.ts";

function serviceGenerator(kind: string, type: string): Command {
  const flags: FlagDefinitions = {
    tcp: list("Port pairs can be specified as '<port>:<targetPort>'."),
    ...(kind === "nodeport"
      ? { "node-port": { type: "string" as const, default: "0", help: "Port used to expose the service on each node in a cluster." } }
      : {}),
    ...(kind === "clusterip"
      ? { clusterip: text("Assign your own ClusterIP or set to 'None' for a 'headless' service (no loadbalancing).") }
      : {}),
    ...(kind === "externalname" ? { "external-name": text("External name of service") } : {}),
  };
  return generator(
    `service ${kind}`,
    `Create a ${kind} service`,
    flags,
    ({ flags: given }, name) => {
      const clusterIP = kind === "clusterip" ? given.text("clusterip") : "";
      const ports = given.list("tcp").map((pair): JsonObject => {
        const [port = "", target = port] = pair.split(":");
        const nodePort = kind === "nodeport" ? given.integer("node-port") : 0;
        return {
          name: pair.replace(":", "-"),
          port: Number(port),
          protocol: "TCP",
          targetPort: /^\d+$/.test(target) ? Number(target) : target,
          ...(nodePort > 0 ? { nodePort } : {}),
        };
      });
      if (ports.length === 0 && clusterIP !== "None" && kind !== "externalname")
        throw new KubectlError("at least one tcp port specifier must be provided");
      const externalName = kind === "externalname" ? { externalName: required(given, "external-name") } : {};
      return {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name, labels: { app: name } },
        spec: {
          ...(clusterIP ? { clusterIP } : {}),
          ...externalName,
          ...(ports.length > 0 ? { ports } : {}),
          selector: { app: name },
          type,
        },
        status: { loadBalancer: {} },
      };
    },
    [`svc ${kind}`],
  );
}

/** `kubectl create service TYPE`. */
export const serviceCommands: readonly Command[] = [
  serviceGenerator("clusterip", "ClusterIP"),
  serviceGenerator("externalname", "ExternalName"),
  serviceGenerator("loadbalancer", "LoadBalancer"),
  serviceGenerator("nodeport", "NodePort"),
];

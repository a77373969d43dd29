import type { JsonObject, JsonValue } from "@skiff/api";
import { KubectlError } from "../../kubectl-error.ts";
import { text, array } from "./flag-definitions.ts";
import { generator } from "./generator.ts";

/** `kubectl create ingress`. */
export const ingress = generator(
  "ingress",
  "Create an ingress with the specified name",
  {
    class: text("Ingress Class to be used"),
    rule: array("Rule in format host/path=service:port[,tls=secretname]"),
    annotation: array("Annotation to insert in the ingress object, in the format annotation=value"),
    "default-backend": text("Default service for backend, in format of svcname:port"),
  },
  ({ flags }, name) => {
    const backend = (given: string): JsonObject => {
      const [service = "", port = ""] = given.split(":");
      return { service: { name: service, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
    };
    const hosts = new Map<string, JsonValue[]>();
    const tls: JsonValue[] = [];
    for (const rule of flags.list("rule")) {
      const [, host = "", path = "", target = "", secret] = /^([^/=]*)(\/[^=]*)=([^,]+)(?:,tls(?:=(.*))?)?$/.exec(rule) ?? [];
      if (target === "") throw new KubectlError(`rule ${rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`);
      const isPrefix = path.endsWith("*");
      hosts.set(host, [
        ...(hosts.get(host) ?? []),
        { backend: backend(target), path: isPrefix ? path.slice(0, -1) : path, pathType: isPrefix ? "Prefix" : "Exact" },
      ]);
      if (/,tls/.test(rule)) tls.push({ ...(host ? { hosts: [host] } : {}), ...(secret ? { secretName: secret } : {}) });
    }
    if (hosts.size === 0 && !flags.has("default-backend"))
      throw new KubectlError(
        "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
      );
    const annotations = Object.fromEntries(
      flags.list("annotation").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    );
    const spec: JsonObject = {
      ...(flags.has("class") ? { ingressClassName: flags.text("class") } : {}),
      ...(flags.has("default-backend") ? { defaultBackend: backend(flags.text("default-backend")) } : {}),
      ...(hosts.size > 0 ? { rules: [...hosts].map(([host, paths]) => ({ ...(host ? { host } : {}), http: { paths } })) } : {}),
      ...(tls.length > 0 ? { tls } : {}),
    };
    return {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
      spec,
      status: { loadBalancer: {} },
    };
  },
  ["ing"],
);

import { badRequest, statusError, type Node, type Pod, type Service } from "@skiff/api";
import { randomInteger } from "@skiff/base";
import type { ConnectTarget, NodeConnector } from "../ports/node-connector.ts";
import { isProxyableIp, splitSchemeNamePort } from "../ports/reachable-address.ts";
import { serviceEndpoints } from "../ports/service-endpoints.ts";
import type { ObjectReader } from "../object-reader.ts";
import type { ResourceContext } from "../request-context.ts";
import { admitConnect } from "./connect-admission.ts";
import { passOn } from "./proxied-request.ts";
import { existingState } from "../verbs/object-target.ts";
import type { SubresourceHandler } from "./subresource-handler.ts";

/** `pods/[SCHEME:]NAME[:PORT]/proxy`. */
export function podProxyHandler(connector: NodeConnector): SubresourceHandler {
  return async (context) => {
    const { scheme, name, port } = nameOf(context, "pod");
    const pod = (await existingState(context, name)).object as Pod;
    const chosen = port === "" ? firstPort(pod) : numericPort(port);
    const host = pod.status?.podIP ?? "";
    const target = addressTarget(scheme, host, chosen);
    await admit(context, "PodProxyOptions");
    return passOn(context, connector, target);
  };
}

/** `services/[SCHEME:]NAME[:PORT]/proxy`: one of the ready endpoints, at random. */
export function serviceProxyHandler(connector: NodeConnector, reader: ObjectReader): SubresourceHandler {
  return async (context) => {
    const { scheme, name, port } = nameOf(context, "service");
    const service = (await existingState(context, name)).object as Service;
    const endpoints = serviceEndpoints(reader, service, port);
    const endpoint = endpoints[randomInteger(context.core.host.random, endpoints.length)];
    if (endpoint === undefined) throw statusError("ServiceUnavailable", `no endpoints available for service "${context.route.name}"`);
    await admit(context, "ServiceProxyOptions");
    return passOn(context, connector, addressTarget(scheme, endpoint.address, endpoint.port));
  };
}

/** `nodes/[SCHEME:]NAME[:PORT]/proxy`: the kubelet, or another port of the node. */
export function nodeProxyHandler(connector: NodeConnector): SubresourceHandler {
  return async (context) => {
    const { scheme, name, port } = nameOf(context, "node");
    const node = (await existingState(context, name)).object as Node;
    await admit(context, "NodeProxyOptions");
    const kubeletPort = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250;
    if (port === "" || port === String(kubeletPort)) return passOn(context, connector, { type: "kubelet", nodeName: name });
    const host = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "";
    return passOn(context, connector, addressTarget(scheme, host, numericPort(port)));
  };
}

function nameOf(context: ResourceContext, what: string): NonNullable<ReturnType<typeof splitSchemeNamePort>> {
  const parts = splitSchemeNamePort(context.route.name);
  if (parts === undefined) throw badRequest(`invalid ${what} request "${context.route.name}"`);
  return parts;
}

async function admit(context: ResourceContext, kind: string): Promise<void> {
  await admitConnect(context, kind, { path: context.route.rawTail });
}

function addressTarget(scheme: "" | "http" | "https", host: string, port: number): ConnectTarget {
  if (!isProxyableIp(host)) throw badRequest("address not allowed");
  return { type: "address", scheme: scheme === "" ? "http" : scheme, host, port };
}

/** Without a port of its own the Pod is asked at the scheme's usual one. */
function firstPort(pod: Pod): number {
  for (const container of pod.spec?.containers ?? []) {
    const port = container.ports?.find(({ containerPort }) => containerPort > 0);
    if (port !== undefined) return port.containerPort;
  }
  return 80;
}

function numericPort(port: string): number {
  if (!/^\d{1,5}$/.test(port) || Number(port) === 0 || Number(port) > 65_535) throw badRequest(`invalid port "${port}"`);
  return Number(port);
}

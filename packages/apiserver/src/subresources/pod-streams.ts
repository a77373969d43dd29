import { badRequest, type Pod } from "@skiff/api";
import type { NodeConnector } from "../ports/node-connector.ts";
import type { Reply } from "../reply.ts";
import type { ResourceContext } from "../request-context.ts";
import { authorise } from "../stages/authorise.ts";
import { admitConnect } from "./connect-admission.ts";
import { chooseContainer } from "./container-choice.ts";
import { refusalOf, unreachable } from "./node-answer.ts";
import { upgradeHeaders } from "./passed-headers.ts";
import { encodePairs } from "./pod-log-options.ts";
import { existingState, methodNotAllowed } from "../verbs/object-target.ts";
import type { SubresourceHandler } from "./subresource-handler.ts";
import { isUpgradeRequest, isWebSocketRequest, supportedProtocols } from "./web-socket-protocols.ts";

type Pair = readonly [string, string];

/** `pods/NAME/exec` and `pods/NAME/attach`: passed through to the kubelet byte for byte. */
export function podStreamHandler(connector: NodeConnector, action: "exec" | "attach"): SubresourceHandler {
  return async (context) => {
    const { query } = context.request;
    const pod = await prepareStream(context);
    const flags = { stdin: query.flag("stdin"), stdout: query.flag("stdout"), stderr: query.flag("stderr"), tty: query.flag("tty") };
    const command = action === "exec" ? query.all("command") : [];
    const wanted = query.get("container") ?? "";
    const kind = action === "exec" ? "PodExecOptions" : "PodAttachOptions";
    await admitConnect(context, kind, { ...flags, container: wanted, ...(action === "exec" ? { command } : {}) });
    const container = chooseContainer(pod, wanted);
    const pairs: Pair[] = [];
    if (flags.stdin) pairs.push(["input", "1"]);
    if (flags.stdout) pairs.push(["output", "1"]);
    if (flags.stderr) pairs.push(["error", "1"]);
    if (flags.tty) pairs.push(["tty", "1"]);
    for (const word of command) pairs.push(["command", word]);
    return passThrough(context, connector, pod, `/${action}/${context.route.namespace}/${context.route.name}/${container}`, pairs);
  };
}

/** `pods/NAME/portforward`. The ports are named on the streams, or by WebSocket clients in the query. */
export function podPortForwardHandler(connector: NodeConnector): SubresourceHandler {
  return async (context) => {
    const pod = await prepareStream(context);
    const ports = context.request.query
      .all("ports")
      .flatMap((text) => text.split(","))
      .filter((text) => text !== "");
    for (const port of ports) if (!/^\d{1,5}$/.test(port)) throw badRequest(`invalid port "${port}"`);
    await admitConnect(context, "PodPortForwardOptions", { ports: ports.map(Number) });
    const pairs: Pair[] = ports.length === 0 ? [] : [["port", ports.join(",")]];
    return passThrough(context, connector, pod, `/portForward/${context.route.namespace}/${context.route.name}`, pairs);
  };
}

async function prepareStream(context: ResourceContext): Promise<Pod> {
  const { request, route, user, core } = context;
  if (request.method !== "GET" && request.method !== "POST") throw methodNotAllowed(context);
  // A WebSocket handshake is always a GET, yet running a command is no reading: it takes the right to create, too.
  if (request.method === "GET" && isWebSocketRequest(request.headers)) authorise({ ...route, user, verb: "create" }, core.authorizer);
  return (await existingState(context)).object as Pod;
}

async function passThrough(
  context: ResourceContext,
  connector: NodeConnector,
  pod: Pod,
  path: string,
  pairs: readonly Pair[],
): Promise<Reply> {
  const { request, route } = context;
  const nodeName = pod.spec?.nodeName ?? "";
  if (nodeName === "") throw badRequest(`pod ${route.name} does not have a host assigned`);
  if (!isUpgradeRequest(request.headers)) throw badRequest("Upgrade request required");
  const headers = upgradeHeaders(request);
  const protocols = headers["sec-websocket-protocol"];
  if (isWebSocketRequest(request.headers) && protocols !== undefined) headers["sec-websocket-protocol"] = supportedProtocols(protocols);
  const connection = await connector
    .upgrade(
      { type: "kubelet", nodeName },
      { method: request.method, path, query: encodePairs(pairs), headers, ...(request.signal ? { signal: request.signal } : {}) },
    )
    .catch((error: unknown) => {
      throw unreachable(error);
    });
  if ("stream" in connection) return { type: "upgrade", ...connection };
  throw await refusalOf(connection, "pods", route.name);
}

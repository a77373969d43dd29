import type { Pod } from "@skiff/api";
import type { NodeConnector } from "../ports/node-connector.ts";
import { chooseContainer } from "./container-choice.ts";
import { refusalOf, unreachable } from "./node-answer.ts";
import { parsePodLogOptions, podLogQuery } from "./pod-log-options.ts";
import { existingState, methodNotAllowed } from "../verbs/object-target.ts";
import type { SubresourceHandler } from "./subresource-handler.ts";

/** `GET pods/NAME/log`: the kubelet's log of a container, passed on as it comes. */
export function podLogHandler(connector: NodeConnector): SubresourceHandler {
  return async (context) => {
    const { request, route } = context;
    if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed(context);
    const options = parsePodLogOptions(request.query, route.name);
    const pod = (await existingState(context)).object as Pod;
    const container = chooseContainer(pod, options.container);
    const nodeName = pod.spec?.nodeName ?? "";
    // Nothing has run yet, so there is nothing to say, which is no error.
    if (nodeName === "") return { type: "text", status: 204, contentType: "text/plain", text: "" };
    const path = `/containerLogs/${route.namespace}/${route.name}/${container}`;
    const response = await connector
      .request(
        { type: "kubelet", nodeName },
        { method: "GET", path, query: podLogQuery(options), headers: {}, ...(request.signal ? { signal: request.signal } : {}) },
      )
      .catch((error: unknown) => {
        throw unreachable(error);
      });
    if (response.status < 200 || response.status > 206) throw await refusalOf(response, "pods", route.name);
    return { type: "stream", status: 200, headers: { "content-type": "text/plain" }, body: response.body };
  };
}

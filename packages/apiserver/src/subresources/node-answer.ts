import { badRequest, internalError, statusError, type StatusError } from "@skiff/api";
import { messageOf } from "@skiff/base";
import { NodeUnreachableError, type ConnectResponse } from "../ports/node-connector.ts";

/** More of a node's error text than this is cut off. */
const MAX_ERROR_BYTES = 2000;

/** What is told of a failure to reach a node or Pod. Other errors are passed on as they are. */
export function unreachable(error: unknown): unknown {
  return error instanceof NodeUnreachableError ? internalError(messageOf(error), error) : error;
}

/** The error that a node's refusal becomes for the client, in upstream's words (`GenericHttpResponseChecker`). */
export async function refusalOf(response: ConnectResponse, resource: string, name: string): Promise<StatusError> {
  const text = await readText(response);
  if (response.status === 500) return internalError(text);
  if (response.status === 400) return badRequest(text);
  const causes = [{ reason: "UnexpectedServerResponse", message: text }];
  const details = { name, kind: resource, causes };
  if (response.status === 404) {
    return statusError("NotFound", `the server could not find the requested resource ( ${resource} ${name})`, details);
  }
  if (response.status === 401)
    return statusError("Unauthorized", `the server has asked for the client to provide credentials ( ${resource} ${name})`, details);
  if (response.status === 403) return statusError("Forbidden", text, details);
  if (response.status === 429) return statusError("TooManyRequests", text, details);
  const message = `an error on the server ("${text}") has prevented the request from succeeding ( ${resource} ${name})`;
  return statusError(
    response.status === 503 ? "ServiceUnavailable" : "InternalError",
    message,
    details,
    response.status >= 500 ? response.status : 500,
  );
}

async function readText({ body }: ConnectResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MAX_ERROR_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ERROR_BYTES).toString("utf8").trimEnd();
}

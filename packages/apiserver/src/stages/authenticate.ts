import { isStatus, statusError } from "@skiff/api";
import type { Authenticator } from "../authenticator.ts";
import type { ServerRequest } from "../server-request.ts";
import { ANONYMOUS, type UserInfo } from "../user.ts";

/**
 * Who makes the request: the answer of the first authenticator that sees its kind of credentials, or the anonymous user.
 *
 * Errors: `Unauthorized`, always with the same text, so that it tells nothing about why.
 */
export async function authenticate(request: ServerRequest, authenticators: readonly Authenticator[]): Promise<UserInfo> {
  if (request.user !== undefined) return request.user;
  const credentials = { path: request.path, ...(request.credentials ?? { headers: request.headers }) };
  try {
    for (const authenticator of authenticators) {
      const found = await authenticator.authenticate(credentials);
      if (found !== undefined) return found.user;
    }
  } catch (error) {
    if (isStatus(error, "Unauthorized")) throw statusError("Unauthorized", "Unauthorized");
    throw error;
  }
  return ANONYMOUS;
}

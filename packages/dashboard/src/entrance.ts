import { selfSubjectReviewKind } from "@skiff/api";
import type { Connection } from "./sessions.ts";

/** How somebody gets in. */
export type Entrance =
  | {
      /** Who has the address with this token, which works once, acts with the credentials of whoever started the dashboard. */
      readonly type: "link";
      readonly token: string;
      connect(): Connection;
    }
  | {
      /** Everybody signs in with a bearer token of their own. */
      readonly type: "token";
      connect(token: string): Connection;
    };

/** The user as whom a connection acts. Errors: `Unauthorized` when the API server does not know the credentials. */
export async function userOf({ client }: Connection): Promise<string> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const { status } = await client.resource(selfSubjectReviewKind).create(review);
  return status?.userInfo?.username ?? "unknown";
}

/** The user that the API server takes those for who show it no credentials. */
export const ANONYMOUS = "system:anonymous";

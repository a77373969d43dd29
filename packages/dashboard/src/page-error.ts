import { isStatus } from "@skiff/api";
import { messageOf } from "@skiff/base";

/** Thrown for requests that the dashboard itself refuses. The message is a whole sentence for people. */
export class PageError extends Error {
  override readonly name = "PageError";
  /** The HTTP status of the answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What went wrong, for people, and the HTTP status that goes with it. */
interface Explanation {
  readonly status: number;
  readonly title: string;
  readonly sentence: string;
}

/** Puts an error into plain words: what the API server refused keeps its own message. */
export function explainError(error: unknown): Explanation {
  if (error instanceof PageError) return { status: error.status, title: "This does not work", sentence: error.message };
  if (isStatus(error, "Forbidden"))
    return {
      status: 403,
      title: "You are not allowed to do this",
      sentence: `Your rights in the cluster do not reach so far: ${error.message}`,
    };
  if (isStatus(error, "Unauthorized"))
    return { status: 401, title: "Your credentials are no longer accepted", sentence: "Sign in again; a token may have run out." };
  if (isStatus(error, "NotFound")) return { status: 404, title: "This is not there", sentence: `The API server says: ${error.message}` };
  if (isStatus(error, "Conflict"))
    return { status: 409, title: "Somebody else was faster", sentence: `The API server says: ${error.message}` };
  if (isStatus(error)) return { status: error.code, title: "The API server refused", sentence: error.message };
  if (typeof (error as { code?: unknown }).code === "string")
    return { status: 502, title: "The API server cannot be reached", sentence: messageOf(error) };
  return { status: 500, title: "The dashboard has failed", sentence: messageOf(error) };
}

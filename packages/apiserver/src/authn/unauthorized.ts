import { StatusError, statusError } from "@skiff/api";

/** 401. Its text never says why; `cause` is for the log. */
export function unauthorized(cause: string): StatusError {
  return new StatusError(statusError("Unauthorized", "Unauthorized").status, { cause: new Error(cause) });
}

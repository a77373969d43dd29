/** `metav1.StatusCause`: one thing that is wrong. */
export interface StatusCause {
  reason?: string;
  message?: string;
  /** A path such as `spec.containers[0].image`. */
  field?: string;
}

/** `metav1.StatusDetails`. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** `metav1.Status`: the body of every error that reaches a client, and of some successes. */
export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: Record<string, never>;
  status: "Success" | "Failure";
  message?: string;
  reason?: StatusReason;
  details?: StatusDetails;
  code: number;
}

/**
 * Every reason that an error can have, with its HTTP status: the one table. Clients and our own code tell errors apart
 * by reason, never by message.
 */
export const STATUS_CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 500,
  Timeout: 504,
  StorageReadError: 500,
  Unknown: 500,
} as const;

/** One of the reasons of {@link STATUS_CODES}. */
export type StatusReason = keyof typeof STATUS_CODES;

/** What an error is about, for messages and `details`. */
export interface StatusSubject {
  readonly group?: string;
  /** The plural resource (`pods`), or for `Invalid` the kind (`Pod`), as upstream has it. */
  readonly kind: string;
  readonly name?: string;
}

/** An error that is a {@link Status}. The only kind of error that the API server shows to clients. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? `HTTP ${status.code}`, options);
    this.status = status;
  }

  get reason(): StatusReason {
    return this.status.reason ?? "Unknown";
  }

  get code(): number {
    return this.status.code;
  }
}

/** True when `error` is a {@link StatusError} with one of `reasons` (any reason when none is given). */
export function isStatus(error: unknown, ...reasons: StatusReason[]): error is StatusError {
  return error instanceof StatusError && (reasons.length === 0 || reasons.includes(error.reason));
}

/** Builds an error from its reason; the code comes from the table unless `code` says otherwise. */
export function statusError(
  reason: StatusReason,
  message: string,
  details?: StatusDetails,
  code: number = STATUS_CODES[reason],
): StatusError {
  const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
  if (details !== undefined) status.details = details;
  return new StatusError(status);
}

/** `pods`, `deployments.apps`: how messages name what they are about. */
function qualified(subject: StatusSubject): string {
  return subject.group ? `${subject.kind}.${subject.group}` : subject.kind;
}

function detailsOf(subject: StatusSubject): StatusDetails {
  const details: StatusDetails = {};
  if (subject.name !== undefined) details.name = subject.name;
  if (subject.group) details.group = subject.group;
  details.kind = subject.kind;
  return details;
}

/** 404: no such object. */
export function notFound(subject: StatusSubject): StatusError {
  return statusError("NotFound", `${qualified(subject)} "${subject.name ?? ""}" not found`, detailsOf(subject));
}

/** 409: an object of that name is there already. */
export function alreadyExists(subject: StatusSubject): StatusError {
  return statusError("AlreadyExists", `${qualified(subject)} "${subject.name ?? ""}" already exists`, detailsOf(subject));
}

/** 409: the object is not in the state that the request assumed. `why` is upstream's text when not given. */
export function conflict(
  subject: StatusSubject,
  why = "the object has been modified; please apply your changes to the latest version and try again",
): StatusError {
  return statusError(
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name ?? ""}": ${why}`,
    detailsOf(subject),
  );
}

/** 403: the request is understood and not allowed. */
export function forbidden(subject: StatusSubject, why: string): StatusError {
  return statusError(
    "Forbidden",
    `${qualified(subject)}${subject.name ? ` "${subject.name}"` : ""} is forbidden: ${why}`,
    detailsOf(subject),
  );
}

/** 400: the request itself is wrong. */
export function badRequest(message: string): StatusError {
  return statusError("BadRequest", message);
}

/** 500: an error of ours or of something below us. The message must not hold secrets. */
export function internalError(message: string, cause?: unknown): StatusError {
  const { status } = statusError("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
  return new StatusError(status, { cause });
}

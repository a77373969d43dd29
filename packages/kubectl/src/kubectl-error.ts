import { StatusError } from "@skiff/api";
import { messageOf } from "@skiff/base";

/** A mistake of the user, or a failure that the command words itself: printed as `error: …`, exit code 1 unless told otherwise. */
export class KubectlError extends Error {
  override readonly name = "KubectlError";
  readonly exitCode: number;

  constructor(message: string, options: ErrorOptions & { readonly exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? 1;
  }
}

/** Ends the command with an exit code after it has printed what there was to say. */
export class SilentExit extends Error {
  override readonly name = "SilentExit";
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Several failures of one command, each of which is printed on its own line. */
class SeveralErrors extends Error {
  override readonly name = "SeveralErrors";
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    super(errors.map(messageOf).join("\n"));
    this.errors = errors;
  }
}

/** Says plainly that this client lacks something that kubectl has. */
export function notDone(what: string): KubectlError {
  return new KubectlError(`skiff kubectl does not do "${what}" yet; use kubectl`);
}

/** Wrong use of a command: the message and where help is. */
export function usageError(command: string, message: string): KubectlError {
  return new KubectlError(`${message}\nSee 'kubectl ${command} -h' for help and examples`);
}

/** Throws one error, or all of them together; nothing when there are none. */
export function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new SeveralErrors(errors);
}

/** The text that kubectl prints for an error, without a final newline. */
export function errorText(error: unknown): string {
  if (error instanceof SeveralErrors) return error.errors.map(errorText).join("\n");
  if (error instanceof StatusError) return statusText(error);
  const refused = connectionText(error);
  if (refused !== undefined) return refused;
  const message = messageOf(error);
  return message.startsWith("error: ") ? message : `error: ${message}`;
}

function statusText({ status, reason }: StatusError): string {
  const message = status.message ?? "";
  if (reason === "Invalid" && status.details?.kind) {
    const subject = `The ${status.details.kind} "${status.details.name ?? ""}" is invalid`;
    const causes = (status.details.causes ?? []).map(({ field, message: text }) => (field ? `${field}: ${text ?? ""}` : (text ?? "")));
    const distinct = [...new Set(causes)];
    if (distinct.length === 0) return message === "" ? subject : message;
    return distinct.length === 1 ? `${subject}: ${distinct[0]}` : `${subject}: ${distinct.map((cause) => `\n* ${cause}`).join("")}`;
  }
  if (reason === "Unauthorized") return `error: You must be logged in to the server (${message || "Unauthorized"})`;
  return status.reason ? `Error from server (${status.reason}): ${message}` : `Error from server: ${message}`;
}

interface SocketError {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly errors?: readonly SocketError[];
}

/** kubectl's words for a server that cannot be reached. */
function connectionText(error: unknown): string | undefined {
  const outer = error as SocketError | undefined;
  const inner = outer?.errors?.[0] ?? outer;
  if (typeof inner?.code !== "string") return undefined;
  if (inner.code === "ECONNREFUSED") {
    const address = inner.address?.includes(":") ? `[${inner.address}]` : inner.address;
    return `The connection to the server ${address}:${inner.port} was refused - did you specify the right host or port?`;
  }
  if (
    /^(ENOTFOUND|EAI_AGAIN|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(
      inner.code,
    )
  ) {
    return `Unable to connect to the server: ${messageOf(error)}`;
  }
  return undefined;
}

/** The exit code of a command that ended with this error. */
export function exitCodeOf(error: unknown): number {
  return error instanceof KubectlError || error instanceof SilentExit ? error.exitCode : 1;
}

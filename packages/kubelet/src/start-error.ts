/**
 * Why a container could not be started: `reason` becomes the waiting reason (`CreateContainerConfigError`,
 * `ErrImagePull`, …), the message is shown beside it.
 */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The specification refers to something that is not there, or asks for what is not allowed. */
export function configError(message: string, cause?: unknown): StartError {
  return new StartError("CreateContainerConfigError", message, { cause });
}

/**
 * Something that the person at the terminal can put right: one plain sentence that says what is wrong, and one that says
 * what to do next.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly nextStep: string;

  constructor(message: string, nextStep: string, options?: ErrorOptions) {
    super(message, options);
    this.nextStep = nextStep;
  }
}

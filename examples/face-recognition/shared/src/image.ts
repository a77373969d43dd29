/** Where an image stands. The numbers are those of the column `status`: the documents' 0 to 2, and one of our own. */
export const STATUS = { pending: 0, processed: 1, failed: 2, processing: 3 } as const;

/** A name of {@link STATUS}. */
export type ImageStatus = keyof typeof STATUS;

/** Every status, in the order in which an image goes through them. */
export const STATUSES: readonly ImageStatus[] = ["pending", "processing", "processed", "failed"];

/** What recognition said of an image that is `processed`. */
export type Answer = "identified" | "unknown-person" | "no-face" | "several-faces";

/** Why an image `failed`. */
export type Failure = "missing-image" | "broken-image" | "bad-path" | "call-failed";

/** Failures that may go away by themselves; the others stay what they are however often they are tried. */
export const RETRYABLE: readonly Failure[] = ["missing-image", "call-failed"];

/** Column `person` while nobody is recognised, as in the documents' application. */
export const NOBODY = -1;

/** A row of `images`, with the name of the person. */
export interface Image {
  readonly id: number;
  /** As it was posted. */
  readonly path: string;
  readonly status: ImageStatus;
  readonly outcome?: Answer | Failure;
  /** More on the outcome, for people. */
  readonly detail?: string;
  /** The name of the person; absent while nobody is recognised. */
  readonly person?: string;
  /** The file of the known picture that it was recognised by. */
  readonly imageName?: string;
  /** Milliseconds since 1970; 0 when the row was made by hand. */
  readonly changedAt: number;
}

/** The right to process an image, which one processor at most has at any time. */
export interface Claim {
  readonly id: number;
  readonly path: string;
  /** Names the claim; a processor whose claim was taken away can no longer write. */
  readonly token: string;
  /** How often it was tried, this time included. */
  readonly attempts: number;
}

/** How processing ended. */
export type Verdict =
  | { readonly status: "processed"; readonly outcome: "identified"; readonly personId: number; readonly imageName: string }
  | { readonly status: "processed"; readonly outcome: Exclude<Answer, "identified">; readonly detail?: string }
  | { readonly status: "failed"; readonly outcome: Failure; readonly detail: string };

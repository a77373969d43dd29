import { statusError } from "@skiff/api";

/** How many requests may be worked on at the same time. Watches and streams do not count. */
export interface InFlightLimits {
  /** Default 400. */
  readonly readOnly?: number;
  /** Default 200. */
  readonly mutating?: number;
}

/** Sheds load: past the limit a request is refused at once, never queued. */
export class InFlightLimiter {
  readonly #limits: { readonly readOnly: number; readonly mutating: number };
  readonly #inFlight = { readOnly: 0, mutating: 0 };

  constructor(limits: InFlightLimits = {}) {
    this.#limits = { readOnly: limits.readOnly ?? 400, mutating: limits.mutating ?? 200 };
  }

  /** Answers how to leave again. Errors: `TooManyRequests`. */
  enter(isMutating: boolean): () => void {
    const lane = isMutating ? "mutating" : "readOnly";
    if (this.#inFlight[lane] >= this.#limits[lane]) {
      throw statusError("TooManyRequests", "Too many requests, please try again later.", { retryAfterSeconds: 1 });
    }
    this.#inFlight[lane]++;
    return () => {
      this.#inFlight[lane]--;
    };
  }

  get readOnly(): number {
    return this.#inFlight.readOnly;
  }

  get mutating(): number {
    return this.#inFlight.mutating;
  }
}

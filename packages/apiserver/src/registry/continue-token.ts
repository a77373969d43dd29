import { createHmac, timingSafeEqual } from "node:crypto";
import { badRequest } from "@skiff/api";

/** Where the next page of a list starts. */
interface ContinuePosition {
  /** The revision of the snapshot that all pages show; -1 after it was lost: go on with the newest state. */
  readonly revision: number;
  /** The path of the last object of the page before. */
  readonly after: string;
}

/**
 * Makes and reads `continue` tokens. They are authenticated, so that nobody can make the server read from a place of
 * their choice, and tied to the list that they belong to.
 */
export class ContinueTokens {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** `scope` names the list: kind, namespace and selectors. */
  make(scope: string, position: ContinuePosition): string {
    const payload = Buffer.from(JSON.stringify([position.revision, position.after]));
    return Buffer.concat([this.#sign(scope, payload), payload]).toString("base64url");
  }

  /** Errors: `BadRequest` for tokens that this server did not make for this list. */
  read(scope: string, token: string): ContinuePosition {
    const bytes = Buffer.from(token, "base64url");
    const payload = bytes.subarray(16);
    if (bytes.length <= 16 || !timingSafeEqual(bytes.subarray(0, 16), this.#sign(scope, payload))) {
      throw badRequest("continue key is not valid: it was not made by this server for this list");
    }
    const [revision, after] = JSON.parse(payload.toString()) as [number, string];
    return { revision, after };
  }

  #sign(scope: string, payload: Buffer): Buffer {
    return createHmac("sha256", this.#key).update(scope).update("\0").update(payload).digest().subarray(0, 16);
  }
}

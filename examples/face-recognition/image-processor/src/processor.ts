import { Counter, Histogram, type Registry } from "prom-client";
import type { IdentifyResponse, RefusalReason } from "#shared/face-service.ts";
import type { Claim, Failure, Verdict } from "#shared/image.ts";
import type { ImageStore } from "#shared/image-store.ts";
import type { Log } from "#shared/log.ts";
import type { Delivery, Disposition } from "#shared/queue.ts";
import { BreakerOpen, type FaceBreaker } from "./breaker.ts";
import { type FaceClient, Refusal } from "./face-client.ts";

/** What a processor works with. */
interface ProcessorParts {
  readonly store: Pick<ImageStore, "claim" | "finish" | "release" | "personOf">;
  readonly client: Pick<FaceClient, "identify">;
  readonly breaker: Pick<FaceBreaker, "call" | "closed">;
  /** Calls for one image that may fail until the image does. */
  readonly attempts: number;
  /** What an image waits after its first failed call; doubled with each further one. */
  readonly retryMs: number;
  readonly log: Log;
  readonly registry: Registry;
}

/** What a message waits while the breaker is open. */
const OPEN_REQUEUE_MS = 2_000;

const LONGEST_RETRY_MS = 60_000;

const FAILURES: Readonly<Record<RefusalReason, Failure>> = {
  MISSING_IMAGE: "missing-image",
  BROKEN_IMAGE: "broken-image",
  BAD_PATH: "bad-path",
};

const ANSWERS = { UNKNOWN_PERSON: "unknown-person", NO_FACE: "no-face", SEVERAL_FACES: "several-faces" } as const;

/**
 * Processes one image a message: claim the row, ask whose face it is, write the verdict. Of several messages and
 * processors for one image one gets the claim; the others have nothing to do.
 */
export class Processor {
  readonly #parts: ProcessorParts;
  readonly #images: Counter<"outcome">;
  readonly #seconds: Histogram<"step">;

  constructor(parts: ProcessorParts) {
    this.#parts = parts;
    const registers = [parts.registry];
    this.#images = new Counter({ name: "processor_images_total", help: "Images by outcome", labelNames: ["outcome"], registers });
    this.#seconds = new Histogram({ name: "processor_seconds", help: "Time of the steps of an image", labelNames: ["step"], registers });
  }

  /** Handles a message whose body is the id of an image. Errors: rejects when the database does not answer. */
  async handle({ body }: Delivery): Promise<Disposition> {
    const { breaker, log, store } = this.#parts;
    const id = Number(body);
    if (!Number.isSafeInteger(id) || id < 1) {
      log.warn({ body: body.slice(0, 100) }, "not the id of an image");
      return "done";
    }
    log.info({ id }, "Got a message");
    if (!breaker.closed) return { requeueAfterMs: OPEN_REQUEUE_MS };
    const claim = await this.#timed("claim", () => store.claim(id));
    if (claim === undefined) {
      log.info({ id }, "not pending: somebody else has it, or it is done");
      return "done";
    }
    return this.#process(claim);
  }

  async #process(claim: Claim): Promise<Disposition> {
    const { breaker, client, log, store } = this.#parts;
    log.info({ id: claim.id, path: claim.path, attempt: claim.attempts }, "Processing image");
    let response: IdentifyResponse;
    try {
      response = await this.#timed("identify", () => breaker.call(() => client.identify(claim.path)));
    } catch (error) {
      if (error instanceof Refusal)
        return this.#finish(claim, { status: "failed", outcome: FAILURES[error.reason], detail: error.message });
      if (error instanceof BreakerOpen) {
        await store.release(claim, "does-not-count");
        return { requeueAfterMs: OPEN_REQUEUE_MS };
      }
      return this.#failed(claim, error instanceof Error ? error.message : String(error));
    }
    return this.#finish(claim, await this.#verdict(response));
  }

  async #verdict({ outcome, imageName, distance }: IdentifyResponse): Promise<Verdict> {
    if (outcome !== "MATCHED") return { status: "processed", outcome: ANSWERS[outcome] };
    const person = await this.#parts.store.personOf(imageName);
    if (person === undefined) {
      // The folder knows more than the table; whoever adds the person has the image processed again.
      return { status: "processed", outcome: "unknown-person", detail: `nobody in the table person_images has ${imageName}` };
    }
    this.#parts.log.info({ person: person.name, imageName, distance }, "got person");
    return { status: "processed", outcome: "identified", personId: person.id, imageName };
  }

  async #failed(claim: Claim, detail: string): Promise<Disposition> {
    const { attempts, log, retryMs, store } = this.#parts;
    if (claim.attempts >= attempts) return this.#finish(claim, { status: "failed", outcome: "call-failed", detail });
    const waitMs = Math.min(retryMs * 2 ** (claim.attempts - 1), LONGEST_RETRY_MS);
    log.warn({ id: claim.id, attempt: claim.attempts, waitMs, detail }, "the call failed");
    this.#images.inc({ outcome: "retried" });
    await store.release(claim, "counts");
    return { requeueAfterMs: waitMs };
  }

  async #finish(claim: Claim, verdict: Verdict): Promise<Disposition> {
    const { log, store } = this.#parts;
    const written = await this.#timed("finish", () => store.finish(claim, verdict));
    // Who was so slow that the claim was given to another does not count.
    this.#images.inc({ outcome: written ? verdict.outcome : "claim-lost" });
    log.info({ id: claim.id, written, ...verdict }, "done");
    return "done";
  }

  async #timed<T>(step: string, work: () => Promise<T>): Promise<T> {
    const end = this.#seconds.startTimer({ step });
    try {
      return await work();
    } finally {
      end();
    }
  }
}

/** The topic that images are announced on, and the channel that all processors share. */
export const TOPIC = "images";
export const CHANNEL = "ch";

/** Sends messages. */
export interface Publisher {
  /** Resolves when the queue has taken the message. Errors: rejects when it has not, or not in time. */
  publish(topic: string, body: string): Promise<void>;
  close(): Promise<void>;
}

/** A message that somebody must answer. */
export interface Delivery {
  readonly body: string;
  /** How often it was delivered, this time included. */
  readonly attempts: number;
}

/** What becomes of a message: it is done, or it comes again after a while. */
export type Disposition = "done" | { readonly requeueAfterMs: number };

/** Handles messages. What it throws is logged, and the message comes again. */
export type DeliveryHandler = (delivery: Delivery) => Promise<Disposition>;

/** Receives messages for a {@link DeliveryHandler}. */
export interface Consumer {
  /** No further messages are taken; those that are being handled go on. */
  pause(): void;
  resume(): void;
  /** Takes no further messages, waits for those that are being handled, and leaves. */
  close(): Promise<void>;
}

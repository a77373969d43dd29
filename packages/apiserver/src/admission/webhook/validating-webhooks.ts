import type { AdmissionPlugin, AdmissionRequest } from "../../admission.ts";
import type { ObjectReader } from "../../object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";
import { byName } from "./mutating-webhooks.ts";
import type { WebhookCaller } from "./webhook-caller.ts";

/** Asks the webhooks of all ValidatingWebhookConfigurations at the same time; all must agree. */
export class ValidatingAdmissionWebhook implements AdmissionPlugin {
  readonly name = "ValidatingAdmissionWebhook";
  readonly #reader: ObjectReader;
  readonly #caller: WebhookCaller;

  constructor(reader: ObjectReader, caller: WebhookCaller) {
    this.#reader = reader;
    this.#caller = caller;
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const calls: Promise<unknown>[] = [];
    for (const { webhooks = [] } of byName(this.#reader.list(RESOURCES.validatingWebhookConfigurations))) {
      for (const webhook of webhooks) {
        const shown = this.#caller.matches(webhook, request);
        if (shown !== undefined) calls.push(this.#caller.call(webhook, request, shown));
      }
    }
    // All are waited for, so that none is left behind when one refuses; the first refusal by order counts.
    for (const outcome of await Promise.allSettled(calls)) if (outcome.status === "rejected") throw outcome.reason;
  }
}

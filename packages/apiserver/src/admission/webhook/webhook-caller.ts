import { StatusError, badRequest, internalError, type MutatingWebhook, type Status, type ValidatingWebhook } from "@skiff/api";
import { hostUid, messageOf, type Host } from "@skiff/base";
import type { AdmissionRequest } from "../../admission.ts";
import type { ObjectReader } from "../../object-reader.ts";
import type { MatchConditions } from "../policy/match-conditions.ts";
import { reviewRequestOf, type ReviewResponse } from "./admission-review.ts";
import { postWithin } from "./post-within.ts";
import { isAdmissionConfiguration, matchRules, namespaceSelected, objectSelected, type RuleMatch } from "./resource-rules.ts";
import { webhookTargetOf, type WebhookTransport } from "./webhook-transport.ts";

const DEFAULT_TIMEOUT_SECONDS = 10;

/** Thrown inside when a webhook could not be asked: what happens then, its failure policy says. */
class WebhookCallError extends Error {
  override readonly name = "WebhookCallError";
}

/** Decides whether a webhook is to be asked, asks it, and reads its answer. */
export class WebhookCaller {
  readonly #host: Host;
  readonly #reader: ObjectReader;
  readonly #transport: WebhookTransport;
  readonly #conditions: MatchConditions;

  constructor(host: Host, reader: ObjectReader, transport: WebhookTransport, conditions: MatchConditions) {
    this.#host = host;
    this.#reader = reader;
    this.#transport = transport;
    this.#conditions = conditions;
  }

  /** The version to show when the webhook wants to see the request. Errors: a match condition that fails, by failure policy. */
  matches(webhook: MutatingWebhook | ValidatingWebhook, request: AdmissionRequest): RuleMatch | undefined {
    if (isAdmissionConfiguration(request)) return undefined;
    const match = matchRules(webhook.rules ?? [], request, webhook.matchPolicy);
    if (match === undefined) return undefined;
    if (!namespaceSelected(webhook.namespaceSelector, request, this.#reader) || !objectSelected(webhook.objectSelector, request))
      return undefined;
    if (!webhook.matchConditions?.length) return match;
    const { matches, errors } = this.#conditions.evaluate(webhook.matchConditions, request, match);
    if (errors.length === 0) return matches ? match : undefined;
    if (webhook.failurePolicy === "Ignore") return undefined;
    throw internalError(`failed evaluating match conditions of webhook "${webhook.name}": ${errors.join("; ")}`);
  }

  /**
   * Asks the webhook and answers what it said when that is yes. Warnings and audit annotations are handed on.
   *
   * Errors: a `StatusError` when it says no, or when it could not be asked and its failure policy is `Fail`.
   * `undefined` when it could not be asked and its failure policy is `Ignore`.
   */
  async call(
    webhook: MutatingWebhook | ValidatingWebhook,
    request: AdmissionRequest,
    shown: RuleMatch,
  ): Promise<ReviewResponse | undefined> {
    if (request.dryRun && webhook.sideEffects !== "None" && webhook.sideEffects !== "NoneOnDryRun") {
      throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
    }
    let response: ReviewResponse;
    try {
      response = await this.#ask(webhook, request, shown);
    } catch (error) {
      if (!(error instanceof WebhookCallError)) throw error;
      if (webhook.failurePolicy !== "Ignore")
        throw internalError(`failed calling webhook ${JSON.stringify(webhook.name)}: ${error.message}`, error);
      this.#host.log.warn("webhook failed and is ignored", { webhook: webhook.name, error: error.message });
      return undefined;
    }
    for (const warning of response.warnings ?? []) request.warn(warning);
    for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) request.annotate?.(`${webhook.name}/${key}`, value);
    if (!response.allowed) throw denial(webhook.name, response.status ?? {});
    return response;
  }

  async #ask(webhook: MutatingWebhook | ValidatingWebhook, request: AdmissionRequest, shown: RuleMatch): Promise<ReviewResponse> {
    if (!webhook.admissionReviewVersions.includes("v1")) {
      throw new WebhookCallError(`webhook does not accept known AdmissionReview versions (v1)`);
    }
    const uid = hostUid(this.#host);
    const body = { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: reviewRequestOf(uid, request, shown) };
    const answer = await this.#post(webhook, body);
    const { kind, apiVersion, response } = (answer ?? {}) as { kind?: string; apiVersion?: string; response?: ReviewResponse };
    if (kind !== "AdmissionReview" || apiVersion !== "admission.k8s.io/v1") {
      throw new WebhookCallError(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion}, Kind=${kind}`);
    }
    if (typeof response !== "object" || response === null) throw new WebhookCallError("webhook response was absent");
    if (response.uid !== uid) throw new WebhookCallError(`expected response.uid="${uid}", got "${response.uid}"`);
    return response;
  }

  async #post(webhook: MutatingWebhook | ValidatingWebhook, body: unknown): Promise<unknown> {
    const timeoutMs = (webhook.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
    try {
      return await postWithin(this.#host.clock, timeoutMs, this.#transport, webhookTargetOf(webhook.clientConfig), body);
    } catch (error) {
      throw new WebhookCallError(`failed to call webhook: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** The refusal of a webhook with its own status where it gave one, never below 400. */
function denial(name: string, given: Partial<Status>): StatusError {
  const deniedBy = `admission webhook ${JSON.stringify(name)} denied the request`;
  const why = given.message || given.reason;
  const status: Status = {
    ...given,
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: why ? `${deniedBy}: ${why}` : `${deniedBy} without explanation`,
    code: (given.code ?? 0) < 400 ? 400 : (given.code as number),
  };
  return new StatusError(status);
}

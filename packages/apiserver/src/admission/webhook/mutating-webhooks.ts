import { applyJsonPatch, internalError, jsonEquals, type JsonValue, type KubeObject, type MutatingWebhook, readJson } from "@skiff/api";
import { messageOf } from "@skiff/base";
import type { AdmissionPlugin, AdmissionRequest } from "../../admission.ts";
import type { ObjectReader } from "../../object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";
import { reinvocationOf } from "../reinvocation.ts";
import { replaceObject } from "../replace-object.ts";
import { reviewRequestOf, toStoredVersion, type ReviewResponse } from "./admission-review.ts";
import type { RuleMatch } from "./resource-rules.ts";
import type { WebhookCaller } from "./webhook-caller.ts";

/**
 * Asks the webhooks of all MutatingWebhookConfigurations, one after the other in order of their names, and applies their
 * JSON patches.
 */
export class MutatingAdmissionWebhook implements AdmissionPlugin {
  readonly name = "MutatingAdmissionWebhook";
  readonly #reader: ObjectReader;
  readonly #caller: WebhookCaller;

  constructor(reader: ObjectReader, caller: WebhookCaller) {
    this.#reader = reader;
    this.#caller = caller;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    const configurations = byName(this.#reader.list(RESOURCES.mutatingWebhookConfigurations));
    for (const { metadata, webhooks = [] } of configurations) {
      for (const webhook of webhooks) await this.#run(`${metadata?.name}/${webhook.name}`, webhook, request);
    }
  }

  async #run(id: string, webhook: MutatingWebhook, request: AdmissionRequest): Promise<void> {
    const state = reinvocationOf(request);
    if (!state.shouldCall(id, webhook.reinvocationPolicy === "IfNeeded", request.object)) return;
    const shown = this.#caller.matches(webhook, request);
    if (shown === undefined) return;
    const response = await this.#caller.call(webhook, request, shown);
    const changed = response !== undefined && applyPatch(webhook, request, shown, response);
    state.called(id, request.object, changed);
  }
}

/** Configurations in order of their names: the order in which webhooks are asked. */
export function byName<T extends KubeObject>(objects: readonly T[]): T[] {
  const nameOf = (object: T): string => object.metadata?.name ?? "";
  return [...objects].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** Answers whether the object is another one now. */
function applyPatch(webhook: MutatingWebhook, request: AdmissionRequest, shown: RuleMatch, response: ReviewResponse): boolean {
  if (!response.patch) return false;
  const fail = (why: string): Error => internalError(`webhook ${JSON.stringify(webhook.name)}: ${why}`);
  if (response.patchType !== "JSONPatch")
    throw fail(`invalid response.patchType, expected "JSONPatch", got ${JSON.stringify(response.patchType)}`);
  if (request.object === undefined)
    throw fail(`admission webhook attempted to modify the object, which is not supported for this operation`);
  const { object } = reviewRequestOf("", request, shown);
  let patched: JsonValue;
  try {
    const operations: unknown = readJson(Buffer.from(response.patch, "base64").toString("utf8"));
    patched = applyJsonPatch(structuredClone(object) as unknown as JsonValue, operations);
  } catch (error) {
    throw fail(`cannot apply the patch: ${messageOf(error)}`);
  }
  if (jsonEquals(patched, object)) return false;
  replaceObject(request.object, toStoredVersion(patched as unknown as KubeObject, request.kind, shown));
  return true;
}

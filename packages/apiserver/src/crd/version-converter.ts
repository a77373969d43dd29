import { internalError, type CustomResourceDefinition, type KubeObject, type Status, type WebhookConversion } from "@skiff/api";
import { hostUid, messageOf, type Host } from "@skiff/base";
import { postWithin } from "../admission/webhook/post-within.ts";
import { webhookTargetOf, type WebhookTransport } from "../admission/webhook/webhook-transport.ts";

/** Brings custom objects from one version into another. */
export interface VersionConverter {
  /**
   * Answers the objects in `apiVersion`, in their order; the input is not changed and may be of several versions. Errors: `InternalError`.
   */
  convert(objects: readonly KubeObject[], apiVersion: string): Promise<KubeObject[]>;
}

/** What conversion webhooks are asked with. */
interface ConversionParts {
  readonly host: Host;
  /** Absent: webhooks cannot be reached. */
  readonly transport: WebhookTransport | undefined;
}

/** Upstream's limit for the answer of a conversion webhook. */
const TIMEOUT_MS = 30_000;

/** The converter that a definition asks for: versions that differ in nothing but their name, or a webhook. */
export function versionConverter({ spec }: CustomResourceDefinition, parts: ConversionParts): VersionConverter {
  const { conversion, group, names } = spec;
  const webhook = conversion?.strategy === "Webhook" ? conversion.webhook : undefined;
  if (webhook === undefined)
    return { convert: (objects, apiVersion) => Promise.resolve(objects.map((object) => renamed(object, apiVersion))) };
  return new WebhookConverter(parts, webhook, `${group}/${names.kind}`);
}

/** A copy of the object's upper levels that says it is of `apiVersion`. */
function renamed(object: KubeObject, apiVersion: string): KubeObject {
  return { ...object, apiVersion };
}

/** The part of a `ConversionReview` that comes back. */
interface ReviewResponse {
  readonly uid?: string;
  readonly convertedObjects?: readonly KubeObject[];
  readonly result?: Partial<Status>;
}

/**
 * Asks a webhook (`apiextensions.k8s.io/v1` ConversionReview). All objects of a call go in one question. What it answers is
 * checked: it may not change what an object is, and of metadata only labels and annotations.
 */
class WebhookConverter implements VersionConverter {
  readonly #parts: ConversionParts;
  readonly #webhook: WebhookConversion;
  /** `group/Kind`, for messages. */
  readonly #name: string;

  constructor(parts: ConversionParts, webhook: WebhookConversion, name: string) {
    this.#parts = parts;
    this.#webhook = webhook;
    this.#name = name;
  }

  async convert(objects: readonly KubeObject[], apiVersion: string): Promise<KubeObject[]> {
    const others = objects.filter((object) => object.apiVersion !== apiVersion);
    if (others.length === 0) return [...objects];
    let converted: KubeObject[];
    try {
      converted = await this.#ask(others, apiVersion);
    } catch (error) {
      throw internalError(`conversion webhook for ${this.#describe(others)} failed: ${messageOf(error)}`, error);
    }
    const answers = converted[Symbol.iterator]();
    return objects.map((object) => (object.apiVersion === apiVersion ? object : (answers.next().value as KubeObject)));
  }

  /** `bad.example.com/v1, Kind=Widget`. */
  #describe([first]: readonly KubeObject[]): string {
    const kind = this.#name.slice(this.#name.indexOf("/") + 1);
    return `${first?.apiVersion ?? ""}, Kind=${kind}`;
  }

  async #ask(objects: readonly KubeObject[], desiredAPIVersion: string): Promise<KubeObject[]> {
    const version = this.#webhook.conversionReviewVersions.find((each) => each === "v1");
    if (version === undefined) throw new Error("the webhook does not accept known ConversionReview versions (v1)");
    const uid = hostUid(this.#parts.host);
    const request = { uid, desiredAPIVersion, objects };
    const answer = await this.#post({ kind: "ConversionReview", apiVersion: "apiextensions.k8s.io/v1", request });
    const { kind, apiVersion, response } = (answer ?? {}) as { kind?: string; apiVersion?: string; response?: ReviewResponse };
    if (kind !== "ConversionReview" || apiVersion !== "apiextensions.k8s.io/v1") {
      throw new Error(`invalid response: expected apiextensions.k8s.io/v1, Kind=ConversionReview, got ${apiVersion}, Kind=${kind}`);
    }
    if (response?.uid !== uid) throw new Error(`expected response.uid="${uid}", got "${response?.uid ?? ""}"`);
    if (response.result?.status !== "Success") throw new Error(response.result?.message || "no message was given");
    const { convertedObjects = [] } = response;
    if (convertedObjects.length !== objects.length) {
      throw new Error(`the webhook returned ${convertedObjects.length} objects, expected ${objects.length}`);
    }
    return convertedObjects.map((converted, index) => checked(converted, objects[index] as KubeObject, desiredAPIVersion, index));
  }

  async #post(body: unknown): Promise<unknown> {
    const { transport, host } = this.#parts;
    const { clientConfig } = this.#webhook;
    if (transport === undefined || clientConfig === undefined) throw new Error("webhooks cannot be reached");
    return postWithin(host.clock, TIMEOUT_MS, transport, webhookTargetOf(clientConfig), body);
  }
}

/** The converted object with the metadata of the original, but for labels and annotations. Errors: throws when it is another object. */
function checked(converted: KubeObject, original: KubeObject, apiVersion: string, index: number): KubeObject {
  const wrong = (what: string): Error => new Error(`returned invalid converted object at index ${index}: ${what}`);
  if (typeof converted !== "object" || converted === null) throw wrong("not an object");
  if (converted.apiVersion !== apiVersion)
    throw wrong(`invalid groupVersion (expected ${apiVersion}, received ${converted.apiVersion ?? ""})`);
  if (converted.kind !== original.kind) throw wrong(`invalid kind (expected ${original.kind ?? ""}, received ${converted.kind ?? ""})`);
  const { metadata = {} } = original;
  const given = converted.metadata ?? {};
  for (const field of ["name", "namespace", "uid"] as const) {
    if ((given[field] ?? "") !== (metadata[field] ?? ""))
      throw wrong(`must have the same ${field === "uid" ? "UID" : field}: ${given[field] ?? ""} != ${metadata[field] ?? ""}`);
  }
  const kept = { ...metadata };
  for (const field of ["labels", "annotations"] as const) {
    const value = given[field];
    if (value === undefined || value === null) delete kept[field];
    else kept[field] = textMap(value, field, wrong);
  }
  return { ...converted, metadata: kept };
}

function textMap(value: unknown, field: string, wrong: (what: string) => Error): Record<string, string> {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap || !Object.values(value).every((each) => typeof each === "string")) throw wrong(`metadata.${field} must be a map of texts`);
  return value as Record<string, string>;
}

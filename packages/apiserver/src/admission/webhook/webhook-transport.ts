import type { AdmissionregistrationWebhookClientConfig } from "@skiff/api";

/** Where a webhook is. */
export interface WebhookTarget {
  /** For Services this is `https://<name>.<namespace>.svc:<port><path>`, the name that its certificate must show. */
  readonly url: string;
  /** The Service behind the URL, whose cluster address (or endpoints) the connection goes to. */
  readonly service?: { readonly namespace: string; readonly name: string; readonly port: number };
  /** PEM; without it the system's authorities count. */
  readonly authorityPem?: string;
}

/**
 * Sends a review to a webhook by HTTPS POST and answers the decoded JSON of its answer.
 *
 * Errors: rejects when the server was not reached, when it answered other than 200, or when the answer is no JSON or
 * larger than the transport's limit. Gives up as soon as `signal` is aborted.
 */
export interface WebhookTransport {
  post(target: WebhookTarget, body: unknown, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<unknown>;
}

/** The address that is asked: webhooks are told in it how much time they have. */
export function addressWithTimeout(address: string, timeoutMs: number): string {
  return `${address}${address.includes("?") ? "&" : "?"}timeout=${Math.max(1, Math.floor(timeoutMs / 1000))}s`;
}

/** Reads the address out of a configuration. Errors: throws when it names neither a URL nor a Service. */
export function webhookTargetOf({ url, service, caBundle }: AdmissionregistrationWebhookClientConfig): WebhookTarget {
  const authority = caBundle ? { authorityPem: Buffer.from(caBundle, "base64").toString("utf8") } : {};
  if (url) return { url, ...authority };
  if (service === undefined) throw new Error("the webhook names neither a URL nor a service");
  const { namespace, name, path = "", port = 443 } = service;
  const slash = path === "" || path.startsWith("/") ? path : `/${path}`;
  return { url: `https://${name}.${namespace}.svc:${port}${slash}`, service: { namespace, name, port }, ...authority };
}

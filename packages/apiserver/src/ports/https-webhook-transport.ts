import { readJson, writeJson } from "@skiff/api";
import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import * as https from "node:https";
import { isIP } from "node:net";
import type { Random } from "@skiff/base";
import { randomInteger } from "@skiff/base";
import { addressWithTimeout, type WebhookTarget, type WebhookTransport } from "../admission/webhook/webhook-transport.ts";
import type { ObjectReader } from "../object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { isLinkLocal } from "./reachable-address.ts";
import { serviceEndpoints } from "./service-endpoints.ts";

/** A longer answer is an error. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Asks webhooks over HTTPS. Redirects are not followed, and link-local addresses are not asked. */
export class HttpsWebhookTransport implements WebhookTransport {
  readonly #reader: ObjectReader;
  readonly #random: Random;

  /** `reader`: finds Services and what is behind them. */
  constructor(reader: ObjectReader, random: Random) {
    this.#reader = reader;
    this.#random = random;
  }

  async post(target: WebhookTarget, body: unknown, { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Promise<unknown> {
    const url = new URL(addressWithTimeout(target.url, timeoutMs));
    if (url.protocol !== "https:") throw new Error(`the webhook's address ${target.url} is not an HTTPS one`);
    const place =
      target.service === undefined
        ? { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 443) }
        : this.#endpoint(target.service);
    if (isIP(place.host) !== 0 && isLinkLocal(place.host)) throw new Error(`the address ${place.host} is not allowed`);
    const text = Buffer.from(writeJson(body));
    const answer = await send({ url, ...place, authorityPem: target.authorityPem, body: text, signal });
    return readJson(answer);
  }

  /** An endpoint of the Service: the server need not be where cluster addresses are translated. */
  #endpoint({ namespace, name, port }: NonNullable<WebhookTarget["service"]>): { host: string; port: number } {
    const service = this.#reader.get(RESOURCES.services, namespace, name);
    if (service === undefined) throw new Error(`service "${name}" not found`);
    if (service.spec?.type === "ExternalName") return { host: service.spec.externalName ?? "", port };
    const endpoints = serviceEndpoints(this.#reader, service, String(port));
    const endpoint = endpoints[randomInteger(this.#random, endpoints.length)];
    if (endpoint === undefined) throw new Error(`no endpoints available for service "${name}"`);
    return { host: endpoint.address, port: endpoint.port };
  }
}

interface Sending {
  readonly url: URL;
  readonly host: string;
  readonly port: number;
  readonly authorityPem: string | undefined;
  readonly body: Buffer;
  readonly signal: AbortSignal;
}

function send({ url, host, port, authorityPem, body, signal }: Sending): Promise<string> {
  return new Promise((resolve, reject) => {
    const name = url.hostname.replace(/^\[|\]$/g, "");
    const request = https.request({
      method: "POST",
      host,
      port,
      // As Go's client cleans it: `https://…//check` is what envtest makes of a path.
      path: `${url.pathname.replaceAll(/\/{2,}/g, "/")}${url.search}`,
      headers: { host: url.host, "content-type": "application/json", accept: "application/json", "content-length": body.length },
      // The certificate must show the name of the URL, wherever the connection goes.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      // The bundle may hold the server's own certificate in the place of its authority's: envtest's does.
      ...(authorityPem === undefined ? {} : { ca: authorityPem, allowPartialTrustChain: true }),
      agent: false,
      lookup: lookupAllowed,
      signal,
    });
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > MAX_ANSWER_BYTES) response.destroy(new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`));
      });
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`the server answered ${response.statusCode ?? 0}: ${text.slice(0, 500)}`));
      });
    });
    // Stays attached: an error after the answer has come must not end the process.
    request.on("error", reject);
    request.end(body);
  });
}

/** A name may not lead to an address that could not be given directly. */
function lookupAllowed(
  hostname: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const allowed = addresses.filter(({ address }) => !isLinkLocal(address));
    const [first] = allowed;
    if (first === undefined) return callback(new Error(`the address of ${hostname} is not allowed`), []);
    if (options.all) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
}

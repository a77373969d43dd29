import { createHmac, timingSafeEqual } from "node:crypto";
import type { TokenParts } from "@skiff/api";

/**
 * Signs `content` with a token: a JSON web signature with HS256 whose payload is left out (RFC 7515, appendix F), as
 * `header..signature`. The id of the token is the id of the key.
 */
export function signDetached(content: string, token: TokenParts): string {
  const header = base64url(JSON.stringify({ alg: "HS256", kid: token.id }));
  return `${header}..${signatureOf(header, content, token).toString("base64url")}`;
}

/**
 * Whether `jws` is a signature of `content` by the token. Its header may be written in any way, but must name HS256 and the
 * token's id: the algorithm never comes from the signature.
 */
export function verifyDetached(jws: string, content: string, token: TokenParts): boolean {
  const [header = "", payload, signature = "", ...more] = jws.split(".");
  if (payload !== "" || more.length > 0 || !isHeaderOf(header, token)) return false;
  const expected = signatureOf(header, content, token);
  const given = Buffer.from(signature, "base64url");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function isHeaderOf(encoded: string, token: TokenParts): boolean {
  try {
    const header = JSON.parse(Buffer.from(encoded, "base64url").toString("utf8")) as Readonly<Record<string, unknown>> | null;
    return header?.["alg"] === "HS256" && header["kid"] === token.id && header["crit"] === undefined;
  } catch {
    return false;
  }
}

function signatureOf(header: string, content: string, token: TokenParts): Buffer {
  return createHmac("sha256", token.secret)
    .update(`${header}.${base64url(content)}`)
    .digest();
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

import type { AlternativeNames } from "./certificate.ts";
import { encodeAlternativeNames } from "./certificate.ts";
import {
  DerError,
  TAG,
  bitString,
  children,
  contextTag,
  decodeOne,
  encode,
  objectIdentifier,
  octetString,
  readObjectIdentifier,
  sequence,
  unsignedInteger,
  type DerElement,
} from "./der.ts";
import { decodeName, encodeName, type DistinguishedName } from "./distinguished-name.ts";
import { decodeIpAddress } from "./ip-address.ts";
import { signDer, verifyDer, type KeyPair } from "./node-crypto.ts";
import { derOfPem, toPem } from "./pem.ts";

/** A PKCS #10 request (RFC 2986) that proved to hold its private key. */
export interface ParsedCertificateRequest {
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
  readonly names: Required<AlternativeNames>;
}

const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";

/** Signature algorithms of requests that are accepted, with their hash; EdDSA hashes by itself. */
const SIGNATURE_HASHES: Readonly<Record<string, string | undefined>> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  [ECDSA_WITH_SHA256]: "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.3.101.112": undefined,
};

/**
 * Reads a request and checks its signature.
 *
 * Errors: throws {@link DerError} when the text is no request, its signature does not fit, or its algorithm is not one
 * of RSA PKCS #1 v1.5, ECDSA (SHA-2) and Ed25519.
 */
export function parseCertificateRequest(pem: string): ParsedCertificateRequest {
  const [info, algorithm, signature] = children(decodeOne(derOfPem(pem, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")));
  const [, subject, publicKey, ...attributes] = children(info);
  if (info === undefined || subject === undefined || publicKey === undefined || signature?.tag !== TAG.bitString) {
    throw new DerError("not a certificate request");
  }
  const oid = readObjectIdentifier(children(algorithm)[0]);
  if (!(oid in SIGNATURE_HASHES)) throw new DerError(`unsupported signature algorithm ${oid}`);
  if (!signatureFits(publicKey.raw, oid, info.raw, signature.content.subarray(1)))
    throw new DerError("the signature of the request does not fit");
  return { subject: decodeName(subject.raw), publicKeyInfo: publicKey.raw, names: requestedNames(attributes) };
}

function signatureFits(publicKeyInfo: Uint8Array, oid: string, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verifyDer(publicKeyInfo, SIGNATURE_HASHES[oid], data, signature);
  } catch (cause) {
    throw new DerError("unsupported public key", { cause });
  }
}

function requestedNames(attributes: readonly DerElement[]): Required<AlternativeNames> {
  const names = { dnsNames: [] as string[], ipAddresses: [] as string[], uris: [] as string[], emailAddresses: [] as string[] };
  const list = attributes.find((attribute) => attribute.tag === contextTag(0, true));
  for (const attribute of list === undefined ? [] : children(list, contextTag(0, true))) {
    const [type, values] = children(attribute);
    if (readObjectIdentifier(type) !== EXTENSION_REQUEST) continue;
    for (const extension of children(children(values, TAG.set)[0])) {
      const parts = children(extension);
      if (readObjectIdentifier(parts[0]) === SUBJECT_ALTERNATIVE_NAME) readAlternativeNames(parts.at(-1), names);
    }
  }
  return names;
}

function readAlternativeNames(
  value: DerElement | undefined,
  into: { dnsNames: string[]; ipAddresses: string[]; uris: string[]; emailAddresses: string[] },
): void {
  if (value?.tag !== TAG.octetString) throw new DerError("malformed extension");
  for (const name of children(decodeOne(value.content))) {
    const text = (): string => Buffer.from(name.content).toString("latin1");
    if (name.tag === contextTag(1, false)) into.emailAddresses.push(text());
    else if (name.tag === contextTag(2, false)) into.dnsNames.push(text());
    else if (name.tag === contextTag(6, false)) into.uris.push(text());
    else if (name.tag === contextTag(7, false)) into.ipAddresses.push(decodeIpAddress(name.content));
  }
}

/** A signed request for `key`, PEM. */
export function createCertificateRequest(key: KeyPair, subject: DistinguishedName, names: AlternativeNames = {}): string {
  const alternativeNames = encodeAlternativeNames(names);
  const extension = alternativeNames && sequence(objectIdentifier(SUBJECT_ALTERNATIVE_NAME), octetString(alternativeNames));
  const attribute = extension && sequence(objectIdentifier(EXTENSION_REQUEST), encode(TAG.set, sequence(extension)));
  const info = sequence(
    unsignedInteger(Uint8Array.of(0)),
    encodeName(subject),
    key.publicKeyInfo,
    encode(contextTag(0, true), attribute ?? new Uint8Array()),
  );
  const signature = bitString(signDer(key, info));
  return toPem("CERTIFICATE REQUEST", sequence(info, sequence(objectIdentifier(ECDSA_WITH_SHA256)), signature));
}

import type { Random } from "@skiff/base";
import {
  TAG,
  TRUE,
  asciiText,
  bitString,
  children,
  contextTag,
  decodeOne,
  encode,
  objectIdentifier,
  octetString,
  sequence,
  time,
  unsignedInteger,
} from "./der.ts";
import { encodeName, type DistinguishedName } from "./distinguished-name.ts";
import { encodeIpAddress } from "./ip-address.ts";
import { sha1, signDer, type KeyPair } from "./node-crypto.ts";

/** What a key may be used for (RFC 5280, sections 4.2.1.3 and 4.2.1.12), in the words of CertificateSigningRequests. */
export type CertificateUsage =
  | "digital signature"
  | "key encipherment"
  | "cert sign"
  | "crl sign"
  | "client auth"
  | "server auth"
  | "code signing"
  | "email protection"
  | "timestamping"
  | "ocsp signing"
  | "content commitment"
  | "signing"
  | "key agreement"
  | "data encipherment"
  | "encipher only"
  | "decipher only"
  | "any"
  | "s/mime"
  | "ipsec end system"
  | "ipsec tunnel"
  | "ipsec user"
  | "microsoft sgc"
  | "netscape sgc";

/** The names that a certificate is good for (RFC 5280, section 4.2.1.6). */
export interface AlternativeNames {
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
  readonly emailAddresses?: readonly string[];
}

/** Everything that a certificate says, before it is signed. */
interface CertificateContent {
  /** Big-endian magnitude, at most 20 bytes. */
  readonly serialNumber: Uint8Array;
  readonly subject: DistinguishedName;
  /** The issuer's name, DER, exactly as it stands in the issuer's certificate. */
  readonly issuerName: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
  readonly isAuthority: boolean;
  readonly usages: readonly CertificateUsage[];
  readonly names?: AlternativeNames;
  /** The key identifier of the issuer; absent for self-signed certificates. */
  readonly authorityKeyId?: Uint8Array;
}

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";

/** Bits of the key usage extension, counted from the left. */
const KEY_USAGE_BITS: Readonly<Partial<Record<CertificateUsage, number>>> = {
  signing: 0,
  "digital signature": 0,
  "content commitment": 1,
  "key encipherment": 2,
  "data encipherment": 3,
  "key agreement": 4,
  "cert sign": 5,
  "crl sign": 6,
  "encipher only": 7,
  "decipher only": 8,
};

const EXTENDED_KEY_USAGES: Readonly<Partial<Record<CertificateUsage, string>>> = {
  any: "2.5.29.37.0",
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
  "code signing": "1.3.6.1.5.5.7.3.3",
  "email protection": "1.3.6.1.5.5.7.3.4",
  "s/mime": "1.3.6.1.5.5.7.3.4",
  "ipsec end system": "1.3.6.1.5.5.7.3.5",
  "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
  "ipsec user": "1.3.6.1.5.5.7.3.7",
  timestamping: "1.3.6.1.5.5.7.3.8",
  "ocsp signing": "1.3.6.1.5.5.7.3.9",
  "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
  "netscape sgc": "2.16.840.1.113730.4.1",
};

/** The object identifier of extended key usage "client auth". */
export const CLIENT_AUTH_OID = "1.3.6.1.5.5.7.3.2";

/** Whether the word is a usage that a CertificateSigningRequest may ask for. */
export function isCertificateUsage(word: string): word is CertificateUsage {
  return word in KEY_USAGE_BITS || word in EXTENDED_KEY_USAGES;
}

/** 16 random bytes whose first bit is 0 and second is 1: always positive, never short (RFC 5280, section 4.1.2.2). */
export function newSerialNumber(random: Random): Uint8Array {
  const bytes = random.bytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

/** The key identifier of a public key: SHA-1 over its bits (RFC 5280, section 4.2.1.2, method 1). */
export function keyIdOf(publicKeyInfo: Uint8Array): Uint8Array {
  const [, bits] = children(decodeOne(publicKeyInfo));
  return sha1(bits?.content.subarray(1) ?? new Uint8Array());
}

/** Signs `content` with an EC key: the certificate in DER form. */
export function signCertificate(content: CertificateContent, issuerKey: KeyPair): Uint8Array {
  const algorithm = sequence(objectIdentifier(ECDSA_WITH_SHA256));
  const toBeSigned = sequence(
    encode(contextTag(0, true), unsignedInteger(Uint8Array.of(2))),
    unsignedInteger(content.serialNumber),
    algorithm,
    content.issuerName,
    sequence(time(content.notBeforeMs), time(content.notAfterMs)),
    encodeName(content.subject),
    content.publicKeyInfo,
    encode(contextTag(3, true), sequence(...extensions(content))),
  );
  return sequence(toBeSigned, algorithm, bitString(signDer(issuerKey, toBeSigned)));
}

function extensions(content: CertificateContent): Uint8Array[] {
  const extension = (oid: string, critical: boolean, value: Uint8Array): Uint8Array =>
    sequence(objectIdentifier(oid), ...(critical ? [TRUE] : []), octetString(value));
  const list: Uint8Array[] = [];
  const bits = keyUsageBits(content.usages);
  if (bits !== undefined) list.push(extension("2.5.29.15", true, bits));
  const extended = [...new Set(content.usages.map((usage) => EXTENDED_KEY_USAGES[usage]).filter((oid) => oid !== undefined))];
  if (extended.length > 0) list.push(extension("2.5.29.37", false, sequence(...extended.map(objectIdentifier))));
  list.push(extension("2.5.29.19", true, content.isAuthority ? sequence(TRUE) : sequence()));
  if (content.isAuthority) list.push(extension("2.5.29.14", false, octetString(keyIdOf(content.publicKeyInfo))));
  if (content.authorityKeyId !== undefined) {
    list.push(extension("2.5.29.35", false, sequence(encode(contextTag(0, false), content.authorityKeyId))));
  }
  const names = encodeAlternativeNames(content.names ?? {});
  if (names !== undefined) list.push(extension("2.5.29.17", false, names));
  return list;
}

function keyUsageBits(usages: readonly CertificateUsage[]): Uint8Array | undefined {
  const positions = usages.map((usage) => KEY_USAGE_BITS[usage]).filter((bit) => bit !== undefined);
  if (positions.length === 0) return undefined;
  const last = Math.max(...positions);
  const bytes = new Uint8Array(Math.floor(last / 8) + 1);
  for (const bit of positions) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return bitString(bytes, 7 - (last & 7));
}

/** The GeneralNames of the subject alternative name extension; `undefined` when there are none. */
export function encodeAlternativeNames(names: AlternativeNames): Uint8Array | undefined {
  const parts = [
    ...(names.emailAddresses ?? []).map((email) => asciiText(contextTag(1, false), email)),
    ...(names.dnsNames ?? []).map((name) => asciiText(contextTag(2, false), name)),
    ...(names.uris ?? []).map((uri) => asciiText(contextTag(6, false), uri)),
    ...(names.ipAddresses ?? []).map((ip) => encode(contextTag(7, false), encodeIpAddress(ip))),
  ];
  return parts.length > 0 ? encode(TAG.sequence, ...parts) : undefined;
}

/** The subject's name of a certificate in DER form, exactly as it stands there. */
export function subjectNameOf(certificateDer: Uint8Array): Uint8Array {
  const [toBeSigned] = children(decodeOne(certificateDer));
  const fields = children(toBeSigned);
  // The version is optional; it is the only field before the serial number.
  const subject = fields[fields[0]?.tag === contextTag(0, true) ? 5 : 4];
  return subject?.raw ?? new Uint8Array();
}

import { readCertificate } from "./node-crypto.ts";

/** From when to when a certificate is valid, milliseconds since the epoch. */
interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Reads the validity of the first certificate in a PEM text. Errors: throws when there is none. */
export function validityOf(certificatePem: string): Validity {
  const certificate = readCertificate(certificatePem);
  return { notBeforeMs: Date.parse(certificate.validFrom), notAfterMs: Date.parse(certificate.validTo) };
}

/** The part of its life after which a certificate is replaced; kubelets replace theirs at 70 to 90 per cent. */
const RENEWAL_FRACTION = 0.7;

/** When a certificate should be replaced, milliseconds since the epoch. */
function renewalTimeOf({ notBeforeMs, notAfterMs }: Validity): number {
  return notBeforeMs + (notAfterMs - notBeforeMs) * RENEWAL_FRACTION;
}

/**
 * Whether a certificate should be replaced at `nowMs`: it is past 70 per cent of its life, has expired (also after
 * months off), or is not valid yet because the clock was wrong when it was made.
 */
export function needsRenewal(certificatePem: string, nowMs: number): boolean {
  const validity = validityOf(certificatePem);
  return nowMs < validity.notBeforeMs || nowMs >= renewalTimeOf(validity);
}

import { certificateSigningRequestKind, type CertificateSigningRequest } from "@skiff/api";
import { createCertificateRequest, generateKeyPair, type CertificateAndKey } from "@skiff/apiserver";
import { sleep, type Clock } from "@skiff/base";
import type { Client } from "@skiff/client";
import type { CertificateSubject } from "../manage/identities.ts";
import { UserError } from "../user-error.ts";

/** The certificate that is wanted. */
export interface CertificateWish {
  readonly subject: CertificateSubject;
  readonly signer: string;
  readonly usage: "client auth" | "server auth";
  /** Of a server. */
  readonly names?: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] };
}

const POLL_MS = 200;

/**
 * Makes a key, which stays here, and has the cluster sign a certificate for it.
 *
 * Errors: a {@link UserError} when the request is denied, or not answered within `waitMs`.
 */
export async function requestCertificate(client: Client, clock: Clock, wish: CertificateWish, waitMs: number): Promise<CertificateAndKey> {
  const { subject, signer, usage, names = {} } = wish;
  const key = generateKeyPair();
  const pem = createCertificateRequest(key, subject, names);
  const requests = client.resource(certificateSigningRequestKind);
  const { metadata } = await requests.create({
    metadata: { generateName: "node-csr-" },
    spec: { request: Buffer.from(pem).toString("base64"), signerName: signer, usages: ["digital signature", usage] },
  });
  const name = metadata?.name ?? "";
  const deadline = clock.monotonic() + waitMs;
  for (;;) {
    const request = await requests.get({ name });
    const { certificate } = request.status ?? {};
    if (certificate) return { certificatePem: Buffer.from(certificate, "base64").toString("utf8"), privateKeyPem: key.privateKeyPem };
    refuseRefused(request, name);
    if (clock.monotonic() > deadline)
      throw new UserError(
        `The request for the certificate of ${subject.commonName} (${name}) was not answered in time.`,
        `Approve it with: kubectl certificate approve ${name} — then run the command again.`,
      );
    await sleep(clock, POLL_MS);
  }
}

function refuseRefused({ status }: CertificateSigningRequest, name: string): void {
  const refusal = status?.conditions?.find(({ type }) => type === "Denied" || type === "Failed");
  if (refusal === undefined) return;
  const verdict = refusal.type === "Denied" ? "was denied" : "was not signed";
  throw new UserError(
    `The request for a certificate, ${name}, ${verdict}: ${refusal.message || refusal.reason || "no reason was given"}.`,
    "Ask whoever looks after the cluster.",
  );
}

import type { CertificateSigningRequest } from "@skiff/api";

/** A certificate, or why there will be none: the `Failed` condition of the request. */
export type SigningAnswer =
  | { readonly certificatePem: string }
  | { readonly failure: { readonly reason: string; readonly message: string } };

/** What the maker of a request needs for it to be approved without a person. */
export interface ApprovalRule {
  /** The subresource of `certificatesigningrequests` on which the maker must have `create`, such as `nodeclient`. */
  readonly permission: string;
  /** The message of the `Approved` condition. */
  readonly message: string;
}

/** The knowledge of certificates that the controllers are given: the keys of the authority are nobody's but its owner's. */
export interface CertificateSigningOptions {
  /** Signs an approved request. `undefined`: it is for another signer, or not to be signed. */
  readonly sign: (request: CertificateSigningRequest) => SigningAnswer | undefined;
  /** The rules by which a request may be approved, in the order in which they are tried; none for requests of other kinds. */
  readonly approvalRules: (request: CertificateSigningRequest) => readonly ApprovalRule[];
}

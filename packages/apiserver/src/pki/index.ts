export * from "./certificate-authority.ts";
export * from "./cluster-pki.ts";
export { createCertificateRequest, parseCertificateRequest, type ParsedCertificateRequest } from "./certificate-request.ts";
export { generateKeyPair, loadKeyPair, type KeyPair } from "./node-crypto.ts";
export * from "./peer-certificate.ts";
export * from "./signers.ts";
export * from "./validity.ts";

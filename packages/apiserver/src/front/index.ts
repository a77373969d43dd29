export * from "./front-limits.ts";
export * from "./https-front.ts";
export type { CertificateVerifier } from "./http-request.ts";

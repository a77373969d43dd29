import { formatTime, parseTime } from "@skiff/base";
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from "@skiff/api";
import type { SigningAnswer } from "./certificate-signing.ts";

const HOUR_MS = 3_600_000;
/** How long a request is kept once it is answered: fetched, denied or failed. */
const ANSWERED_MS = HOUR_MS;
/** How long a request may wait for its approval, or after that for its certificate. */
const PENDING_MS = 24 * HOUR_MS;

function condition(type: string, reason: string, message: string, nowMs: number): CertificateSigningRequestCondition {
  const now = formatTime(nowMs);
  return { type, status: "True", reason, message, lastUpdateTime: now, lastTransitionTime: now };
}

function conditionOf(request: CertificateSigningRequest, type: string): CertificateSigningRequestCondition | undefined {
  return request.status?.conditions?.find((one) => one.type === type);
}

/** True until somebody has approved or denied the request. */
export function isUndecided(request: CertificateSigningRequest): boolean {
  return !request.status?.certificate && conditionOf(request, "Approved") === undefined && conditionOf(request, "Denied") === undefined;
}

/** The request with its approval, to be written to `approval`. */
export function approved(request: CertificateSigningRequest, message: string, nowMs: number): CertificateSigningRequest {
  const conditions = [...(request.status?.conditions ?? []), condition("Approved", "AutoApproved", message, nowMs)];
  return { ...request, status: { ...request.status, conditions } };
}

/** The request with its answer, to be written to `status`. */
export function answered(request: CertificateSigningRequest, answer: SigningAnswer, nowMs: number): CertificateSigningRequest {
  const { status } = request;
  if ("certificatePem" in answer) {
    return { ...request, status: { ...status, certificate: Buffer.from(answer.certificatePem).toString("base64") } };
  }
  const { reason, message } = answer.failure;
  return { ...request, status: { ...status, conditions: [...(status?.conditions ?? []), condition("Failed", reason, message, nowMs)] } };
}

/** In how many milliseconds nobody needs the request any more: 0 or less now. Issued certificates live longer than that. */
export function msUntilStale(request: CertificateSigningRequest, nowMs: number): number {
  const deadline = (time: string | undefined, keptMs: number): number => (parseTime(time) ?? nowMs) + keptMs - nowMs;
  const { conditions = [], certificate } = request.status ?? {};
  if (conditions.length === 0) return deadline(request.metadata?.creationTimestamp, PENDING_MS);
  return Math.min(
    ...conditions.map(({ type, lastUpdateTime }) =>
      deadline(lastUpdateTime, type === "Approved" && !certificate ? PENDING_MS : ANSWERED_MS),
    ),
  );
}

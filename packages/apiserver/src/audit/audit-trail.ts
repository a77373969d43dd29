import { hostUid, type Host } from "@skiff/base";
import type { Status } from "@skiff/api";
import type { Reply } from "../reply.ts";
import type { ServerRequest } from "../server-request.ts";
import type { Route } from "../stages/route.ts";
import type { UserInfo } from "../user.ts";
import type { AuditRecord } from "./audit-event.ts";

/** Gathers, on a request's way through the pipeline, what the audit log keeps of it. Nothing is copied or encoded on the way. */
export class AuditTrail {
  readonly #host: Host;
  readonly #request: ServerRequest;
  readonly #receivedMs: number;
  #decision: AuditRecord["decision"];
  route: Route | undefined;
  user: UserInfo | undefined;
  impersonated: UserInfo | undefined;

  constructor(host: Host, request: ServerRequest) {
    this.#host = host;
    this.#request = request;
    this.#receivedMs = host.clock.now();
  }

  /** Authorisation said yes. */
  allowed(): void {
    this.#decision = "allow";
  }

  /** The record, once the answer is known. */
  end(reply: Reply): AuditRecord {
    const code = "status" in reply ? reply.status : 200;
    const status = code >= 400 && reply.type === "value" ? (reply.value as Partial<Status>) : undefined;
    const { method, path, query, headers, remoteAddress, auditId } = this.#request;
    return {
      request: { method, path, query, headers, ...(remoteAddress === undefined ? {} : { remoteAddress }) },
      auditId: auditId ?? hostUid(this.#host),
      route: this.route,
      user: this.user,
      impersonated: this.impersonated,
      decision: this.#decision ?? (code === 403 ? "forbid" : undefined),
      code,
      status: status === undefined ? undefined : pickStatus(status),
      isLongRunning: reply.type === "watch" || reply.type === "stream" || reply.type === "upgrade",
      receivedMs: this.#receivedMs,
      finishedMs: this.#host.clock.now(),
    };
  }
}

function pickStatus({ status = "Failure", reason, message }: Partial<Status>): AuditRecord["status"] {
  return { status, ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
}

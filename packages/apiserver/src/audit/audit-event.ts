import { formatMicroTime } from "@skiff/base";
import type { Status } from "@skiff/api";
import type { ServerRequest } from "../server-request.ts";
import type { Route } from "../stages/route.ts";
import type { UserInfo } from "../user.ts";

/** Longer texts of clients are cut: a line of the log is bounded by what goes into it. */
const MAX_TEXT = 1024;

/** What the audit log keeps of a request; becomes an {@link AuditEvent} when it is written. */
export interface AuditRecord {
  readonly request: Pick<ServerRequest, "method" | "path" | "query" | "headers" | "remoteAddress">;
  readonly auditId: string;
  /** Absent when the path could not be read. */
  readonly route: Route | undefined;
  /** Who asked; absent when nobody knows. */
  readonly user: UserInfo | undefined;
  /** For whom, when that is somebody else. */
  readonly impersonated: UserInfo | undefined;
  readonly decision: "allow" | "forbid" | undefined;
  readonly code: number;
  /** What an error said. */
  readonly status: Pick<Status, "status" | "reason" | "message"> | undefined;
  /** True for watches and streams, which are recorded when they begin. */
  readonly isLongRunning: boolean;
  /** Wall time, milliseconds. */
  readonly receivedMs: number;
  readonly finishedMs: number;
}

/** An event of `audit.k8s.io/v1` at the level `Metadata`: who did what to which object, never what was in it. */
export interface AuditEvent {
  readonly kind: "Event";
  readonly apiVersion: "audit.k8s.io/v1";
  readonly level: "Metadata";
  readonly auditID: string;
  readonly stage: "ResponseComplete" | "ResponseStarted";
  readonly requestURI: string;
  readonly verb: string;
  readonly user: AuditUser;
  readonly impersonatedUser?: AuditUser;
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: Readonly<Record<string, string>>;
  readonly responseStatus: Readonly<Record<string, unknown>>;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface AuditUser {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The event of a record. */
export function auditEvent(record: AuditRecord): AuditEvent {
  const { request, route, impersonated, decision, code, status, receivedMs, finishedMs } = record;
  const userAgent = request.headers["user-agent"];
  const objectRef = route?.isResourceRequest === true ? objectRefOf(route) : undefined;
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: record.auditId,
    stage: record.isLongRunning ? "ResponseStarted" : "ResponseComplete",
    requestURI: cut(requestUri(request)),
    verb: route?.verb ?? request.method.toLowerCase(),
    user: userOf(record.user),
    ...(impersonated === undefined ? {} : { impersonatedUser: userOf(impersonated) }),
    ...(request.remoteAddress === undefined ? {} : { sourceIPs: [request.remoteAddress] }),
    ...(userAgent === undefined ? {} : { userAgent: cut(userAgent) }),
    ...(objectRef === undefined ? {} : { objectRef }),
    responseStatus: { metadata: {}, ...status, ...(status?.message === undefined ? {} : { message: cut(status.message) }), code },
    requestReceivedTimestamp: formatMicroTime(receivedMs),
    stageTimestamp: formatMicroTime(finishedMs),
    ...(decision === undefined ? {} : { annotations: { "authorization.k8s.io/decision": decision } }),
  };
}

function objectRefOf({ resource, namespace, name, group, version, subresource }: Route): Record<string, string> {
  return {
    resource,
    ...(namespace === "" ? {} : { namespace }),
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { apiGroup: group }),
    apiVersion: version,
    ...(subresource === "" ? {} : { subresource }),
  };
}

function userOf(user: UserInfo | undefined): AuditUser {
  if (user === undefined) return {};
  const { name, uid, groups, extra } = user;
  return { username: name, ...(uid === undefined ? {} : { uid }), groups, ...(extra === undefined ? {} : { extra }) };
}

/** Parameters of queries in which programs hand over secrets. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set(["access_token", "token", "password", "client_secret", "authorization"]);

function requestUri({ path, query }: AuditRecord["request"]): string {
  const text = query.toString();
  if (text === "") return path;
  const pairs = text.split("&").map((pair) => {
    const [name = ""] = pair.split("=", 1);
    return SECRET_PARAMETERS.has(name.toLowerCase()) ? `${name}=REDACTED` : pair;
  });
  return `${path}?${pairs.join("&")}`;
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

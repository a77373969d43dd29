import { badRequest, forbiddenField, invalid, invalidValue, notSupported, type FieldError } from "@skiff/api";
import type { RequestQuery } from "./request-query.ts";

/** The `ListOptions` of a list, watch or deletecollection, checked. */
export interface ListOptions {
  /** Absent when unset: the newest state. 0: any state. */
  readonly resourceVersion: number | undefined;
  readonly resourceVersionMatch: "Exact" | "NotOlderThan" | undefined;
  /** 0: everything. */
  readonly limit: number;
  /** Empty: the first page. */
  readonly continueToken: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly watch: boolean;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** How long a watch lasts; absent: the server's choice. */
  readonly timeoutSeconds: number | undefined;
}

/** A watch never lasts longer than this many seconds, whatever its client says. */
const MAX_TIMEOUT_SECONDS = 24 * 60 * 60;

/**
 * Reads and checks the options.
 *
 * Errors: `BadRequest` for what is not a number, `Invalid` for combinations that make no sense.
 */
export function parseListOptions(query: RequestQuery, watch: boolean): ListOptions {
  const resourceVersion = parseResourceVersion(query.get("resourceVersion"), watch);
  const match = query.get("resourceVersionMatch") ?? "";
  const continueToken = query.get("continue") ?? "";
  const sendInitialEvents = query.has("sendInitialEvents") ? query.flag("sendInitialEvents") : undefined;
  const errors = checkMatch(query, watch, match, sendInitialEvents);
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions", name: "" }, errors);
  if (!watch && continueToken !== "" && (resourceVersion ?? 0) !== 0) {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  const timeoutSeconds = query.integer("timeoutSeconds");
  return {
    resourceVersion,
    resourceVersionMatch: match === "" ? undefined : (match as "Exact" | "NotOlderThan"),
    limit: Math.max(0, query.integer("limit") ?? 0),
    continueToken,
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    watch,
    allowWatchBookmarks: query.flag("allowWatchBookmarks"),
    sendInitialEvents,
    timeoutSeconds: timeoutSeconds === undefined || timeoutSeconds <= 0 ? undefined : Math.min(timeoutSeconds, MAX_TIMEOUT_SECONDS),
  };
}

/** A resource version from a query, `undefined` when unset. */
export function parseResourceVersion(text: string | undefined, watch = false): number | undefined {
  if (text === undefined || text === "") return undefined;
  const revision = Number(text);
  if (/^\d{1,20}$/.test(text) && revision < 2 ** 64) return revision;
  if (watch)
    throw invalid({ kind: "", name: "" }, [invalidValue("resourceVersion", text, `strconv.ParseUint: parsing "${text}": invalid syntax`)]);
  throw badRequest(`invalid resource version: "${text}" is not a decimal number of 64 bits`);
}

function checkMatch(query: RequestQuery, watch: boolean, match: string, sendInitialEvents: boolean | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const field = "resourceVersionMatch";
  if (watch) {
    if (sendInitialEvents !== undefined && match !== "NotOlderThan") {
      errors.push(forbiddenField(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
    } else if (sendInitialEvents === undefined && match !== "") {
      errors.push(forbiddenField(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
    }
    if (sendInitialEvents === undefined || query.get("continue") === undefined) return errors;
    errors.push(forbiddenField("continue", "continue is forbidden for watch with sendInitialEvents"));
    return errors;
  }
  if (sendInitialEvents !== undefined) errors.push(forbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  if (match === "") return errors;
  const resourceVersion = query.get("resourceVersion") ?? "";
  if (resourceVersion === "") errors.push(forbiddenField(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
  if ((query.get("continue") ?? "") !== "")
    errors.push(forbiddenField(field, "resourceVersionMatch is forbidden when continue is provided"));
  if (match !== "Exact" && match !== "NotOlderThan") errors.push(notSupported(field, match, ["Exact", "NotOlderThan"]));
  if (match === "Exact" && resourceVersion === "0")
    errors.push(forbiddenField(field, 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'));
  return errors;
}

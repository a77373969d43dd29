import { forbiddenField, invalid, invalidValue, notSupported, type FieldError, badRequest } from "@skiff/api";
import { parseTime } from "@skiff/base";
import type { RequestQuery } from "../request-query.ts";

/** `v1.PodLogOptions` as the request gives them. */
interface PodLogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly insecureSkipTlsVerifyBackend: boolean;
  readonly sinceSeconds: number | undefined;
  /** RFC 3339. */
  readonly sinceTime: string | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: string;
}

const STREAMS = ["All", "Stderr", "Stdout"];

/** Reads the options. Errors: `BadRequest` for what is no number or time, `Invalid` for values out of range. */
export function parsePodLogOptions(query: RequestQuery, podName: string): PodLogOptions {
  const sinceTime = query.get("sinceTime") || undefined;
  if (sinceTime !== undefined && parseTime(sinceTime) === undefined) {
    throw badRequest(`parsing time "${sinceTime}" as "2006-01-02T15:04:05Z07:00": cannot parse "${sinceTime}" as "2006"`);
  }
  const options: PodLogOptions = {
    container: query.get("container") ?? "",
    follow: query.flag("follow"),
    previous: query.flag("previous"),
    timestamps: query.flag("timestamps"),
    insecureSkipTlsVerifyBackend: query.flag("insecureSkipTLSVerifyBackend"),
    sinceSeconds: query.integer("sinceSeconds"),
    sinceTime,
    tailLines: query.integer("tailLines"),
    limitBytes: query.integer("limitBytes"),
    stream: query.get("stream") || "All",
  };
  const errors = checkPodLogOptions(options);
  if (errors.length > 0) throw invalid({ kind: "PodLogOptions", name: podName }, errors);
  return options;
}

function checkPodLogOptions({ tailLines, limitBytes, sinceSeconds, sinceTime, stream }: PodLogOptions): FieldError[] {
  const errors: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0) errors.push(invalidValue("tailLines", tailLines, "must be greater than or equal to 0"));
  if (limitBytes !== undefined && limitBytes < 1) errors.push(invalidValue("limitBytes", limitBytes, "must be greater than 0"));
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    errors.push(forbiddenField("", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    errors.push(invalidValue("sinceSeconds", sinceSeconds, "must be greater than 0"));
  }
  if (!STREAMS.includes(stream)) errors.push(notSupported("stream", stream, STREAMS));
  else if (stream !== "All" && tailLines !== undefined) {
    errors.push(forbiddenField("", "`tailLines` and specific `stream` are mutually exclusive for now"));
  }
  return errors;
}

/** The query of the kubelet's `containerLogs`. */
export function podLogQuery(options: PodLogOptions): string {
  const { follow, previous, timestamps, sinceSeconds, sinceTime, tailLines, limitBytes, stream } = options;
  const pairs: [string, string][] = [];
  if (follow) pairs.push(["follow", "true"]);
  if (previous) pairs.push(["previous", "true"]);
  if (timestamps) pairs.push(["timestamps", "true"]);
  if (sinceSeconds !== undefined) pairs.push(["sinceSeconds", String(sinceSeconds)]);
  if (sinceTime !== undefined) pairs.push(["sinceTime", sinceTime]);
  if (tailLines !== undefined) pairs.push(["tailLines", String(tailLines)]);
  if (limitBytes !== undefined) pairs.push(["limitBytes", String(limitBytes)]);
  if (stream !== "All") pairs.push(["stream", stream]);
  return encodePairs(pairs);
}

/** Percent-encoded `name=value` pairs. */
export function encodePairs(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
}

import { statusError } from "@skiff/api";
import type { ServedResource } from "../served-resources.ts";
import { includes, parseAccept, type MediaRange } from "./accept.ts";

/** The form in which a client wants what it gets. */
export interface Representation {
  readonly format: "json" | "yaml";
  /** What objects are turned into; absent: as they are. */
  readonly shape?: Shape;
  /** Indented, for people. */
  readonly pretty: boolean;
}

/** `as=Table;v=v1;g=meta.k8s.io` and its like (API conventions, "Receiving resources as Tables"). */
export interface Shape {
  readonly kind: "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  readonly version: "v1" | "v1beta1";
}

/**
 * What the answer will be: shapes are for single objects, lists and watches; watches have no YAML. A `review` is an object
 * that is computed from what was sent: there is no table of those.
 */
export type AnswerType = "object" | "review" | "list" | "watch" | "other";

/** JSON as it is: what errors are written in when nothing else can be agreed on. */
export const PLAIN_JSON: Representation = { format: "json", pretty: false };

const FORMATS: readonly { readonly mediaType: string; readonly format: Representation["format"] }[] = [
  { mediaType: "application/json", format: "json" },
  { mediaType: "application/yaml", format: "yaml" },
];

/** What `NotAcceptable` names; upstream's list without protobuf and CBOR, which this server does not speak. */
const OFFERED = ["application/json", "application/yaml"];

/**
 * Agrees on a representation: the first range of the header that the server can serve. Protobuf is none of them, so that
 * clients that would like it and take JSON as well get JSON.
 *
 * Errors: `NotAcceptable`.
 */
export function negotiate(accept: string | undefined, answer: AnswerType, pretty: boolean): Representation {
  for (const range of parseAccept(accept)) {
    for (const { mediaType, format } of FORMATS) {
      if (!includes(range, mediaType) || (answer === "watch" && format === "yaml")) continue;
      const shape = shapeOf(range, answer);
      if (shape === "unknown" || !allowsStream(range, answer)) break;
      return { format, shape, pretty: pretty || isTrue(range.parameters.get("pretty")) };
    }
  }
  throw statusError(
    "NotAcceptable",
    `only the following media types are accepted: ${answer === "watch" ? "application/json, application/json;stream=watch" : OFFERED.join(", ")}`,
  );
}

function shapeOf(range: MediaRange, answer: AnswerType): Shape | undefined | "unknown" {
  const kind = range.parameters.get("as");
  if (kind === undefined) return undefined;
  const version = range.parameters.get("v");
  const isKnown = range.parameters.get("g") === "meta.k8s.io" && (version === "v1" || version === "v1beta1");
  if (!isKnown || answer === "other") return "unknown";
  if (
    (kind === "Table" && answer !== "review") ||
    (kind === "PartialObjectMetadata" && answer !== "list") ||
    (kind === "PartialObjectMetadataList" && answer === "list")
  ) {
    return { kind, version };
  }
  return "unknown";
}

function allowsStream(range: MediaRange, answer: AnswerType): boolean {
  const stream = range.parameters.get("stream");
  return stream === undefined || (stream === "watch" && answer === "watch");
}

function isTrue(value: string | undefined): boolean {
  return value === "1" || value === "true";
}

/** How a single object of the resource is answered. */
export function objectAnswer({ virtual }: Pick<ServedResource, "virtual">): "object" | "review" {
  return virtual !== undefined && virtual.get === undefined && virtual.list === undefined ? "review" : "object";
}

/** Subresources whose answers are those of a node or a container, in whatever form these are. */
const PASSED_ON: ReadonlySet<string> = new Set(["attach", "exec", "log", "portforward", "proxy"]);

/**
 * Refuses, before anything is done, a request for which there would be no answer that its client takes.
 *
 * Errors: `NotAcceptable`.
 */
export function requireAcceptable(
  accept: string | undefined,
  { verb, subresource }: { readonly verb: string; readonly subresource: string },
  resource: ServedResource,
): void {
  if (PASSED_ON.has(subresource.split("/", 1)[0] ?? "")) return;
  negotiate(accept, verb === "list" || verb === "watch" ? verb : objectAnswer(resource), false);
}

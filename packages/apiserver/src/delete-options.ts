import { badRequest, forbiddenField, invalid, invalidValue, isJsonObject, notSupported, type FieldError, type JsonValue } from "@skiff/api";
import type { RequestQuery } from "./request-query.ts";
import { checkDryRun } from "./write-options.ts";

/** What becomes of the objects that the deleted one owns. */
type PropagationPolicy = "Background" | "Foreground" | "Orphan";

/** The `DeleteOptions` of a request, checked. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  /** Absent: the kind's choice. */
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: PropagationPolicy | undefined;
  /** The older form of `propagationPolicy`. */
  readonly orphanDependents: boolean | undefined;
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string };
}

const POLICIES: readonly string[] = ["Background", "Foreground", "Orphan"];

/**
 * Reads the options from the body or, when there is none, from the query. Errors: `BadRequest` for another kind or wrong
 * types, `Invalid` for values that do not exist or exclude each other.
 */
export function parseDeleteOptions(query: RequestQuery, body: JsonValue | undefined): DeleteOptions {
  const fields = body === undefined || body === null ? fromQuery(query) : fromBody(body);
  const { dryRun = [], gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions = {} } = fields;
  const allDryRun = [...dryRun, ...query.all("dryRun").filter((value) => value !== "")];
  const errors: FieldError[] = [];
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    errors.push(invalidValue("propagationPolicy", propagationPolicy, "orphanDependents and deletionPropagation cannot be both set"));
  }
  if (propagationPolicy !== undefined && !POLICIES.includes(propagationPolicy)) {
    errors.push(notSupported("propagationPolicy", propagationPolicy, [...POLICIES, "nil"]));
  }
  errors.push(...checkDryRun(allDryRun));
  if (isJsonObject(body) && body["ignoreStoreReadErrorWithClusterBreakingPotential"] === true) {
    errors.push(forbiddenField("ignoreStoreReadErrorWithClusterBreakingPotential", "objects that cannot be read are not deleted"));
  }
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions", name: "" }, errors);
  return {
    dryRun: allDryRun.length > 0,
    gracePeriodSeconds,
    propagationPolicy: propagationPolicy as PropagationPolicy | undefined,
    orphanDependents,
    preconditions,
  };
}

interface RawOptions {
  readonly dryRun?: readonly string[];
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

function fromQuery(query: RequestQuery): RawOptions {
  const propagationPolicy = query.get("propagationPolicy") || undefined;
  return {
    gracePeriodSeconds: query.integer("gracePeriodSeconds"),
    propagationPolicy,
    orphanDependents: query.has("orphanDependents") ? query.flag("orphanDependents") : undefined,
  };
}

function fromBody(body: JsonValue): RawOptions {
  if (!isJsonObject(body)) throw badRequest("the body of a deletion must be DeleteOptions");
  const { kind, gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = body;
  if (kind !== undefined && kind !== "" && kind !== "DeleteOptions")
    throw badRequest(`the body of a deletion must be DeleteOptions, not ${JSON.stringify(kind)}`);
  const precondition = optional(preconditions, "preconditions", isJsonObject) ?? {};
  return {
    gracePeriodSeconds: optional(gracePeriodSeconds, "gracePeriodSeconds", (value): value is number => Number.isSafeInteger(value)),
    propagationPolicy: optional(propagationPolicy, "propagationPolicy", isText),
    orphanDependents: optional(orphanDependents, "orphanDependents", (value): value is boolean => typeof value === "boolean"),
    preconditions: {
      uid: optional(precondition["uid"], "preconditions.uid", isText),
      resourceVersion: optional(precondition["resourceVersion"], "preconditions.resourceVersion", isText),
    },
    dryRun: optional(dryRun, "dryRun", (value): value is string[] => Array.isArray(value) && value.every(isText)),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function optional<T extends JsonValue>(value: JsonValue | undefined, field: string, fits: (value: JsonValue) => value is T): T | undefined {
  if (value === undefined || value === null) return undefined;
  if (!fits(value)) throw badRequest(`DeleteOptions in version "v1" cannot be handled as a DeleteOptions: wrong type of field ${field}`);
  return value;
}

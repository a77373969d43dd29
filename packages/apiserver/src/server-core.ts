import type { Host } from "@skiff/base";
import type { SchemaRegistry } from "@skiff/api";
import type { AdmissionPlugin } from "./admission.ts";
import type { Authorizer } from "./attributes.ts";
import type { Aggregation } from "./aggregation/pass-to-extension.ts";
import type { AuditSink } from "./audit/audit-sink.ts";
import type { Authenticator } from "./authenticator.ts";
import type { YamlDecoder } from "./ports/yaml-decoder.ts";
import type { ContinueTokens } from "./registry/continue-token.ts";
import type { ObjectRegistry } from "./registry/object-registry.ts";
import type { RequestMetrics } from "./surfaces/request-metrics.ts";
import type { ServedResources } from "./served-resources.ts";
import type { InFlightLimiter } from "./stages/limit.ts";
import type { KindStrategy } from "./strategies/kind-strategy.ts";
import type { SubresourceHandler } from "./subresources/subresource-handler.ts";
import type { PathHandler } from "./surfaces/path-handler.ts";

/** The parts of a server that the stages of the pipeline use. Built once by `createApiServer`. */
export interface ServerCore {
  readonly host: Host;
  readonly registry: ObjectRegistry;
  readonly resources: ServedResources;
  readonly schemas: SchemaRegistry;
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer | undefined;
  readonly admission: readonly AdmissionPlugin[];
  readonly limiter: InFlightLimiter;
  readonly metrics: RequestMetrics;
  /** The groups that extension servers serve; absent where none can be reached. */
  readonly aggregation: Aggregation | undefined;
  /** Gets a record of every request; absent: nothing is recorded. */
  readonly audit: AuditSink | undefined;
  readonly continueTokens: ContinueTokens;
  /** Absent: YAML is read in place, however large. */
  readonly yaml: YamlDecoder | undefined;
  /** By `group/kind`. */
  readonly strategies: ReadonlyMap<string, KindStrategy>;
  /** By the subresource's name, or `plural.group/name` where one kind differs. */
  readonly subresources: ReadonlyMap<string, SubresourceHandler>;
  /** By the first segment of the path. */
  readonly paths: ReadonlyMap<string, PathHandler>;
  /** How many watches each user has open. */
  readonly watchesByUser: Map<string, number>;
}

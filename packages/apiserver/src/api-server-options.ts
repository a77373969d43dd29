import type { Host } from "@skiff/base";
import type { KindDefinition, Resource, SchemaRegistry, Transport } from "@skiff/api";
import type { Store } from "@skiff/store";
import type { AdmissionPlugin } from "./admission.ts";
import type { WebhookTransport } from "./admission/webhook/webhook-transport.ts";
import type { Authorizer } from "./attributes.ts";
import type { AuditSink } from "./audit/audit-sink.ts";
import type { Authenticator } from "./authenticator.ts";
import type { ObjectReader } from "./object-reader.ts";
import type { NodeConnector } from "./ports/node-connector.ts";
import type { YamlDecoder } from "./ports/yaml-decoder.ts";
import type { HistoryLimits } from "./registry/event-history.ts";
import type { ObjectRegistry } from "./registry/object-registry.ts";
import type { ServedResources } from "./served-resources.ts";
import type { InFlightLimits } from "./stages/limit.ts";
import type { KindStrategy } from "./strategies/kind-strategy.ts";
import type { SubresourceHandler } from "./subresources/subresource-handler.ts";
import type { PathHandler } from "./surfaces/path-handler.ts";
import type { RequestMetrics } from "./surfaces/request-metrics.ts";
import type { UserInfo } from "./user.ts";
import type { VirtualResource } from "./virtual-resource.ts";

/** What an API server is made of. */
export interface ApiServerOptions {
  readonly host: Host;
  /** Stays the caller's: `stop` does not close it. */
  readonly store: Store;
  /** Default: all kinds of Kubernetes. */
  readonly kinds?: readonly KindDefinition[];
  /** The schemas of the kinds. Default: those of all kinds of Kubernetes. */
  readonly schemas?: SchemaRegistry;
  /** Whether the versions that upstream has removed are served as well, as conversions of the present ones. Default false. */
  readonly removedVersions?: boolean;
  readonly historyLimits?: HistoryLimits;
  readonly inFlightLimits?: InFlightLimits;
  /** 32 bytes with which `continue` tokens are signed; servers that share a store must share them. Default: random ones. */
  readonly continueKey?: Uint8Array;
  /** Reads large YAML documents somewhere else. Default: they are read in place and hold everybody up. */
  readonly yaml?: YamlDecoder;
  /** Gets a record of every request. Default: nothing is recorded. */
  readonly audit?: AuditSink;
  /**
   * Makes the parts that need the server's own caches. Called once, when the caches are filled and before the first
   * request. Default: nobody is refused, nothing is admitted specially.
   */
  readonly compose?: (base: ServerBase) => ServerParts | Promise<ServerParts>;
}

/** What the parts of a server may lean on. */
export interface ServerBase {
  readonly host: Host;
  readonly store: Store;
  readonly schemas: SchemaRegistry;
  /** The caches, synchronously. */
  readonly reader: ObjectReader;
  readonly registry: ObjectRegistry;
  readonly resources: ServedResources;
  readonly metrics: RequestMetrics;
  /** The stored version of the kind, custom kinds included; `undefined` when it is not served. */
  readonly resourceOf: (apiVersion: string, kind: string) => Resource | undefined;
  /** A way into the server itself as `user`; to be used from requests on, not while the parts are made. */
  readonly transport: (user: UserInfo, userAgent?: string) => Transport;
}

/** The exchangeable parts of a server. */
export interface ServerParts {
  /** Asked in order; none: everyone without a known identity is anonymous. */
  readonly authenticators?: readonly Authenticator[];
  /** Absent: everyone may do everything. */
  readonly authorizer?: Authorizer;
  /** In the order in which they run. */
  readonly admission?: readonly AdmissionPlugin[];
  /** Reaches extension servers (APIServices). Absent: there are none. */
  readonly extensions?: NodeConnector;
  /** Reaches the webhooks that convert custom resources. Absent: those cannot be reached. */
  readonly conversionWebhooks?: WebhookTransport;
  /** By `group/kind`; they replace the built-in ones. */
  readonly strategies?: ReadonlyMap<string, KindStrategy>;
  /** By the subresource's name, or `plural.group/name` (`plural/name` for the core group) where one kind differs. */
  readonly subresources?: ReadonlyMap<string, SubresourceHandler>;
  /** What answers paths that are about no resource, by the first segment of the path. */
  readonly paths?: ReadonlyMap<string, PathHandler>;
  /** By `group/kind`: what computes the kinds that are never stored. */
  readonly virtualResources?: ReadonlyMap<string, VirtualResource>;
}

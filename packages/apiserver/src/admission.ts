import type { KindDefinition, KubeObject } from "@skiff/api";
import type { UserInfo } from "./user.ts";

/** What an admission plug-in sees of a write, after decoding, conversion and defaulting. */
export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly kind: KindDefinition;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** The new object; absent on DELETE. Mutating plug-ins change it in place. */
  readonly object: KubeObject | undefined;
  /** The stored object, frozen; absent on CREATE. */
  readonly oldObject: KubeObject | undefined;
  /** The `DeleteOptions`, `CreateOptions` … of the request. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void;
  /** Adds an annotation to the audit event of the request. Absent where nothing is audited. */
  annotate?(key: string, value: string): void;
}

/**
 * A step of admission. Plug-ins run in the order in which the composition root lists them: first `mutate` of all, then
 * validation of the object, then `validate` of all.
 *
 * Errors: both reject with a `Forbidden` or `Invalid` StatusError to refuse the request.
 */
export interface AdmissionPlugin {
  readonly name: string;
  mutate?(request: AdmissionRequest): void | Promise<void>;
  validate?(request: AdmissionRequest): void | Promise<void>;
}

import type { KubeObject } from "@skiff/api";
import type { UserInfo } from "./user.ts";

/** What the server knows of a request to a computed kind. */
interface VirtualRequest {
  readonly user: UserInfo;
  /** Empty for cluster-wide kinds. */
  readonly namespace: string;
}

/**
 * Computes the answers for a kind that is never stored, such as `TokenReview` or `ComponentStatus`. Methods that are
 * missing answer 405.
 */
export interface VirtualResource {
  /** An extension server that an APIService names for the group and version answers instead. Default false. */
  readonly givesWay?: boolean;
  /** `object` is decoded, defaulted and validated; it may be changed and answered. */
  create?(object: KubeObject, request: VirtualRequest): KubeObject | Promise<KubeObject>;
  get?(name: string, request: VirtualRequest): KubeObject | undefined | Promise<KubeObject | undefined>;
  list?(request: VirtualRequest): readonly KubeObject[] | Promise<readonly KubeObject[]>;
}

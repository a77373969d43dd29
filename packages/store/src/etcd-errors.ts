import { status, type ServiceError } from "@grpc/grpc-js";
import { FutureRevisionError, StoreUnavailableError } from "./store.ts";

/** etcd tells these two apart by their text alone; both have the code `OUT_OF_RANGE`. The texts are part of its API. */
const COMPACTED = "etcdserver: mvcc: required revision has been compacted";
const FUTURE = "etcdserver: mvcc: required revision is a future revision";

/** A call was refused because its revision was compacted away. etcd does not say which one is the oldest left. */
export class EtcdCompactedError extends Error {
  override readonly name = "EtcdCompactedError";
}

/** The error of the store port for an error of gRPC. */
export function fromServiceError(error: ServiceError, what: string): Error {
  if (error.code === status.OUT_OF_RANGE && error.details === COMPACTED) return new EtcdCompactedError(COMPACTED, { cause: error });
  if (error.code === status.OUT_OF_RANGE && error.details === FUTURE) return new FutureRevisionError(FUTURE, { cause: error });
  return new StoreUnavailableError(`etcd: ${what} failed: ${status[error.code] ?? error.code}: ${error.details}`, { cause: error });
}

/** Whether another member of the cluster may do better: this one cannot be reached, is too slow, or has no leader. */
export function isMemberFault(error: ServiceError): boolean {
  return error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED || error.code === status.INTERNAL;
}

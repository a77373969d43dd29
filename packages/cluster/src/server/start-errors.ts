import { messageOf } from "@skiff/base";
import { CorruptRecordError, StoreFormatError, StoreUnavailableError } from "@skiff/store";
import type { ClusterConfig } from "../layout/cluster-config.ts";
import type { ClusterPaths } from "../layout/cluster-paths.ts";
import { UserError } from "../user-error.ts";

/** What keeps a server from starting, for the person who can put it right. Errors that nobody can foresee stay as they are. */
export function explainStartError(cause: unknown, config: ClusterConfig, paths: ClusterPaths): unknown {
  const remove = `remove the cluster with: skiff delete --name ${config.name}`;
  const message = messageOf(cause);
  if (cause instanceof StoreFormatError) return new UserError(`The store cannot be used: ${message}.`, `Do so, or ${remove}`, { cause });
  if (cause instanceof CorruptRecordError)
    return new UserError(`The store is damaged: ${message}.`, `Put a copy of ${paths.store} back, or ${remove}`, { cause });
  if (cause instanceof StoreUnavailableError) {
    return new UserError(`The store cannot be opened: ${message}.`, "Put that right, then run skiff up again.", { cause });
  }
  if ((cause as { code?: unknown }).code === "EADDRINUSE")
    return new UserError(
      `Port ${config.apiPort}, on which cluster ${config.name} serves its API, is in use by another program.`,
      "End that program, then run skiff up again.",
      { cause },
    );
  return cause;
}

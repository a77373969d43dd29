import type { Status } from "@skiff/api";
import type { Reply } from "../reply.ts";

/** A Status that says nothing but that it worked. */
export function successReply(code: 200 | 201): Reply {
  const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code };
  return { type: "value", status: code, value: status };
}

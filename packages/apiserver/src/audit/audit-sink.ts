import type { AuditRecord } from "./audit-event.ts";

/** Takes what the audit log is to keep. */
export interface AuditSink {
  /** Must neither throw nor wait: requests are answered right after it. */
  write(record: AuditRecord): void;
}

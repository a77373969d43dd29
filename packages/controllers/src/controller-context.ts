import type { Host } from "@skiff/base";
import type { Client, EventRecorder, InformerFactory } from "@skiff/client";

/** What every controller is made from. */
export interface ControllerContext {
  readonly host: Host;
  /** Acts as the controller's own service account. */
  readonly client: Client;
  /** Shared by all controllers of the process. */
  readonly informers: InformerFactory;
  /** Reports events with the controller's name as their source. */
  readonly events: EventRecorder;
}

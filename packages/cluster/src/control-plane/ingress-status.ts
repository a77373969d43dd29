import { componentHost, type Host } from "@skiff/base";
import { EventRecorder, type Client, type InformerFactory } from "@skiff/client";
import { runController } from "@skiff/controller-kit";
import { createIngressStatusController } from "@skiff/ingress";

/** The source of the events that Ingresses get. */
const COMPONENT = "skiff-ingress-controller";

/** Runs the controller that writes where Ingresses are served. The informers are the caller's. */
export function startIngressStatus(options: { readonly host: Host; readonly informers: InformerFactory; readonly client: Client }): {
  stop(): Promise<void>;
} {
  const { informers, client } = options;
  const host = componentHost(options.host, COMPONENT);
  const events = new EventRecorder(client, host, COMPONENT);
  const running = runController(createIngressStatusController({ client, informers, events }), options.host);
  return {
    async stop() {
      await running.stop();
      await events.stop();
    },
  };
}

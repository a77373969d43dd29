import { reconcileBootstrapPolicy, serviceAccountGroups } from "@skiff/apiserver";
import { fullServer, startTestApiServer, type TestApiServer } from "@skiff/apiserver/testing";
import type { Host } from "@skiff/base";
import { InformerFactory, type Client } from "@skiff/client";
import { controllerUser, startControllers, type ControllerOptions, type RunningControllers } from "../all-controllers.ts";

/** Controllers over a whole API server in memory, with virtual time: each has the rights of upstream's policy and no others. */
export class PolicedCluster {
  readonly server: TestApiServer;
  readonly admin: Client;
  readonly #informers: InformerFactory;
  readonly #running: RunningControllers;

  private constructor(server: TestApiServer, only: readonly string[], options: ControllerOptions) {
    this.server = server;
    this.admin = server.client();
    this.#informers = new InformerFactory(this.admin, server.host, { sharedObjects: true });
    this.#running = startControllers({
      ...options,
      host: server.host,
      informers: this.#informers,
      clientFor: (account) =>
        server.client({ name: controllerUser(account), groups: [...serviceAccountGroups("kube-system"), "system:authenticated"] }),
      only,
    });
  }

  /** A cluster with the controllers of these names; `options` are made for its host. */
  static async start(
    only: readonly string[],
    options: (host: Host) => ControllerOptions = () => ({}),
    namespaces?: readonly string[],
  ): Promise<PolicedCluster> {
    const nowhere = (): never => {
      throw new Error("no node can be reached in this test");
    };
    const server = await startTestApiServer({
      compose: fullServer({ connector: { request: nowhere, upgrade: nowhere } }),
      ...(namespaces === undefined ? {} : { namespaces: [...namespaces] }),
    });
    await reconcileBootstrapPolicy(server.client());
    return new PolicedCluster(server, only, options(server.host));
  }

  async stop(): Promise<void> {
    const stopped = Promise.all([this.#running.stop(), this.#informers.stop()]);
    await this.server.clock.advance("5s");
    await stopped;
    await this.server.stop();
  }
}

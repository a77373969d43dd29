import type { Host, VirtualClock } from "@skiff/base";
import { testHost } from "@skiff/base/testing";
import { allKinds, namespaceKind, type KindDefinition } from "@skiff/api";
import { Client } from "@skiff/client";
import { MemoryStore, type Store } from "@skiff/store";
import type { ApiServerOptions } from "../api-server-options.ts";
import { createApiServer, type ApiServer } from "../create-api-server.ts";
import type { UserInfo } from "../user.ts";

/** The user of test clients that name none: may do everything where anything is refused at all. */
export const TEST_ADMIN: UserInfo = { name: "test-admin", groups: ["system:masters", "system:authenticated"] };

/** How a test wants its API server. */
interface TestApiServerOptions {
  /** Beside all kinds of Kubernetes. */
  readonly kinds?: readonly KindDefinition[];
  /** Default: virtual time, seed 1, no log. */
  readonly host?: Host & { readonly clock: VirtualClock };
  /** Default: memory. */
  readonly store?: Store;
  /** Default: no authentication, authorisation and admission. */
  readonly compose?: ApiServerOptions["compose"];
  readonly schemas?: ApiServerOptions["schemas"];
  readonly historyLimits?: ApiServerOptions["historyLimits"];
  readonly inFlightLimits?: ApiServerOptions["inFlightLimits"];
  readonly removedVersions?: ApiServerOptions["removedVersions"];
  /** Created at the start. Default: `default`, `kube-system`, `kube-public`, `kube-node-lease`. */
  readonly namespaces?: readonly string[];
}

/** An API server in the test's process. */
export interface TestApiServer {
  readonly server: ApiServer;
  readonly store: Store;
  readonly host: Host;
  readonly clock: VirtualClock;
  /** A client for `user` (default {@link TEST_ADMIN}); `userAgent` is its field manager (default `test`). */
  client(user?: UserInfo, userAgent?: string): Client;
  stop(): Promise<void>;
}

/** Starts a real API server on a store in memory, reached without a network, in virtual time. */
export async function startTestApiServer(options: TestApiServerOptions = {}): Promise<TestApiServer> {
  const { host = testHost(), store = new MemoryStore(), kinds = [], namespaces = DEFAULT_NAMESPACES } = options;
  const server = await createApiServer({ ...options, host, store, kinds: [...allKinds, ...kinds] });
  const client: TestApiServer["client"] = (user = TEST_ADMIN, userAgent = "test") => new Client(server.transport(user, userAgent));
  const namespaceClient = client().resource(namespaceKind);
  for (const name of namespaces) await namespaceClient.create({ metadata: { name } });
  return {
    server,
    store,
    host,
    clock: host.clock,
    client,
    async stop() {
      server.stop();
      await store.close();
    },
  };
}

const DEFAULT_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

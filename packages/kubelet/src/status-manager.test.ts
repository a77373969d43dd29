import { expect, it } from "vitest";
import { testHost } from "@skiff/base/testing";
import type { Pod } from "@skiff/api";
import { Client } from "@skiff/client";
import { StatusManager } from "./status-manager.ts";
import { MemoryApi } from "./testing/memory-api.ts";

const PATH = "/api/v1/namespaces/default/pods/web";

it.each(Array.from({ length: 16 }, (_, turns) => turns))(
  "sends a status that is set %i turns after the one before it was written",
  async (turns) => {
    const host = testHost();
    const api = new MemoryApi(host.clock);
    api.put(PATH, { metadata: { name: "web", namespace: "default" } });
    const pod = api.get(PATH) as Pod;
    const manager = new StatusManager(new Client(api), host);
    api.intercept = ({ method }) => {
      if (method !== "PATCH") return;
      api.intercept = undefined;
      void (async () => {
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        manager.set(pod, { phase: "Running", message: "second" });
      })();
    };
    manager.set(pod, { phase: "Running", message: "first" });
    await host.clock.settle();
    await host.clock.advance(1);
    expect((api.get(PATH) as Pod).status?.message).toBe("second");
  },
);

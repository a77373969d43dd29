import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configMapKind, isStatus, type ConfigMap, type Transport, type WatchEvent, type WatchHandle } from "@skiff/api";
import { Client } from "../client.ts";

/** A transport to a server that has no ConfigMaps yet. */
interface TransportUnderTest {
  readonly transport: Transport;
  /** Ends the watches that are open, in order, as when their time is up; absent where a test cannot do that. */
  endWatches?(): void;
  /** Lets what is under way arrive. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** What every {@link Transport} must do. Run it against each implementation. */
export function transportContract(name: string, open: () => Promise<TransportUnderTest>): void {
  describe(`the transport contract: ${name}`, () => {
    let under: TransportUnderTest;
    let handle: WatchHandle | undefined;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(async () => {
      handle?.close();
      handle = undefined;
      await under.close();
    });
    const maps = () => new Client(under.transport).resource(configMapKind);
    const create = (objectName: string, data = { text: "a" }): Promise<ConfigMap> =>
      maps().create({ metadata: { name: objectName, namespace: "default" }, data });
    const watch = async (options: object): Promise<WatchEvent<ConfigMap>[]> => {
      const events: WatchEvent<ConfigMap>[] = [];
      handle = await maps().watch({ namespace: "default", ...options }, (batch) => void events.push(...batch));
      return events;
    };
    const shown = (events: readonly WatchEvent<ConfigMap>[]) => events.map(({ type, object }) => `${type} ${object.metadata?.name}`);

    it("carries objects there and back, whatever letters they hold", async () => {
      const data = { text: "ünï¢ødé \u0000 \n \u2028 😀", empty: "" };
      await create("letters", data);
      const stored = await maps().get({ namespace: "default", name: "letters" });
      expect(stored.data).toEqual(data);
      expect(Object.isFrozen(stored.data)).toBe(true);
    });

    it("rejects with the Status of the server", async () => {
      await create("a");
      const failures = [maps().get({ namespace: "default", name: "none" }), create("a")];
      const errors = (await Promise.allSettled(failures)).map((result) => (result as PromiseRejectedResult).reason as unknown);
      expect(isStatus(errors[0], "NotFound")).toBe(true);
      expect(isStatus(errors[1], "AlreadyExists")).toBe(true);
    });

    it("delivers the events of a watch in order", async () => {
      const events = await watch({});
      for (const objectName of ["a", "b", "c"]) await create(objectName);
      await maps().delete({ namespace: "default", name: "b" });
      await under.settle();
      expect(shown(events)).toEqual(["ADDED a", "ADDED b", "ADDED c", "DELETED b"]);
    });

    it("delivers objects of any size whole", async () => {
      const events = await watch({});
      const text = "x😀".repeat(100_000);
      await create("large", { text });
      await create("small");
      await under.settle();
      expect(events[0]?.object.data?.text).toBe(text);
      expect(shown(events)).toEqual(["ADDED large", "ADDED small"]);
    });

    it("resumes a watch at a revision", async () => {
      const { metadata } = await create("a");
      await create("b");
      const events = await watch({ resourceVersion: metadata?.resourceVersion });
      await under.settle();
      expect(shown(events)).toEqual(["ADDED b"]);
    });

    it("delivers nothing after a watch was closed, and its end is no failure", async () => {
      const events = await watch({});
      handle?.close();
      await create("a");
      await under.settle();
      expect(events).toEqual([]);
    });

    it("tells when the server has ended a watch", async ({ skip }) => {
      await watch({});
      skip(under.endWatches === undefined, "this server cannot be told to end its watches");
      under.endWatches?.();
      await handle?.ended;
    });

    it("gives up a request whose signal is aborted", async () => {
      const signal = AbortSignal.abort(new Error("not wanted any more"));
      await expect(maps().list({ signal })).rejects.toThrow();
    });
  });
}

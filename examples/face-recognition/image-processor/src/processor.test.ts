import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { IdentifyResponse } from "#shared/face-service.ts";
import { ImageStore } from "#shared/image-store.ts";
import { SILENT_LOG } from "#shared/log.ts";
import type { Disposition } from "#shared/queue.ts";
import { SqliteSql } from "#shared/sqlite-sql.ts";
import { migrate } from "#migration/migrations.ts";
import { BreakerOpen } from "./breaker.ts";
import { Refusal } from "./face-client.ts";
import { Processor } from "./processor.ts";

describe("processor", () => {
  let sql: SqliteSql;
  let store: ImageStore;
  let identify: (path: string) => Promise<IdentifyResponse>;
  let open: boolean;
  let processor: Processor;

  const answer =
    (outcome: IdentifyResponse["outcome"], imageName = "") =>
    async (): Promise<IdentifyResponse> => ({
      outcome,
      imageName,
      distance: 0.3,
    });
  const handle = (body = "1"): Promise<Disposition> => processor.handle({ body, attempts: 1 });

  beforeEach(async () => {
    sql = new SqliteSql();
    await migrate(sql, "sqlite");
    store = new ImageStore(sql);
    await store.add(["a.jpg"]);
    open = false;
    processor = new Processor({
      store,
      client: { identify: (path) => identify(path) },
      breaker: {
        get closed() {
          return !open;
        },
        call: (work) => work(),
      },
      attempts: 3,
      retryMs: 100,
      log: SILENT_LOG,
      registry: new Registry(),
    });
  });
  afterEach(() => sql.close());

  it("writes the person of the known picture", async () => {
    identify = answer("MATCHED", "hannibal_2.jpg");
    expect(await handle()).toBe("done");
    expect(await store.get(1)).toMatchObject({
      status: "processed",
      outcome: "identified",
      person: "Hannibal",
      imageName: "hannibal_2.jpg",
    });
  });

  it.each([
    ["UNKNOWN_PERSON", "unknown-person"],
    ["NO_FACE", "no-face"],
    ["SEVERAL_FACES", "several-faces"],
  ] as const)("tells %s from a failure", async (outcome, written) => {
    identify = answer(outcome);
    expect(await handle()).toBe("done");
    expect(await store.get(1)).toMatchObject({ status: "processed", outcome: written, person: undefined });
  });

  it("says so when the known picture has no person", async () => {
    identify = answer("MATCHED", "stranger.jpg");
    await handle();
    expect(await store.get(1)).toMatchObject({ outcome: "unknown-person", detail: expect.stringContaining("stranger.jpg") as string });
  });

  it("fails what the service refuses, without another try", async () => {
    identify = async () => Promise.reject(new Refusal("BROKEN_IMAGE", "not a picture"));
    expect(await handle()).toBe("done");
    expect(await store.get(1)).toMatchObject({ status: "failed", outcome: "broken-image", detail: "not a picture" });
  });

  it("tries a failed call again, later each time, and fails in the end", async () => {
    identify = async () => Promise.reject(new Error("14 UNAVAILABLE"));
    expect(await handle()).toEqual({ requeueAfterMs: 100 });
    expect(await store.get(1)).toMatchObject({ status: "pending" });
    expect(await handle()).toEqual({ requeueAfterMs: 200 });
    expect(await handle()).toBe("done");
    expect(await store.get(1)).toMatchObject({ status: "failed", outcome: "call-failed", detail: "14 UNAVAILABLE" });
  });

  it("claims nothing while the breaker is open, and counts no call that was not made", async () => {
    identify = answer("NO_FACE");
    open = true;
    expect(await handle()).toEqual({ requeueAfterMs: 2000 });
    expect(await store.get(1)).toMatchObject({ status: "pending" });
    open = false;
    identify = async () => Promise.reject(new BreakerOpen());
    for (let time = 0; time < 5; time++) expect(await handle()).toEqual({ requeueAfterMs: 2000 });
    expect(await sql.select("SELECT status, attempts FROM images")).toEqual([{ status: 0, attempts: 0 }]);
  });

  it("processes an image once, however many messages there are", async () => {
    let calls = 0;
    identify = async () => {
      calls++;
      return answer("UNKNOWN_PERSON")();
    };
    expect(await Promise.all(Array.from({ length: 8 }, () => handle()))).toEqual(Array.from({ length: 8 }, () => "done"));
    expect(calls).toBe(1);
  });

  it("drops messages that are no ids", async () => {
    for (const body of ["", "x", "-1", "1.5", "7"]) expect(await handle(body)).toBe("done");
  });
});

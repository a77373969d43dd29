import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { migrate } from "#migration/migrations.ts";
import { type Claim, STATUS } from "./image.ts";
import { ImageStore, type RedeemRules } from "./image-store.ts";
import { SqliteSql } from "./sqlite-sql.ts";

const RULES: RedeemRules = { forgottenMs: 1000, abandonedMs: 5000, retryMs: 2000, retries: 2, limit: 100 };

describe("ImageStore", () => {
  let sql: SqliteSql;
  let store: ImageStore;
  let now = 1_000_000;

  beforeEach(async () => {
    sql = new SqliteSql();
    await migrate(sql, "sqlite");
    store = new ImageStore(sql, () => now);
  });
  afterEach(() => sql.close());

  async function claimed(id: number): Promise<Claim> {
    const claim = await store.claim(id);
    if (claim === undefined) throw new Error(`image ${id} cannot be claimed`);
    return claim;
  }

  it("adds images as pending, in order", async () => {
    expect(await store.add(["a.jpg", "b.jpg"])).toEqual([1, 2]);
    expect(await store.get(2)).toMatchObject({ path: "b.jpg", status: "pending", person: undefined });
    expect(await sql.select("SELECT person, status FROM images WHERE id = 1")).toEqual([{ person: -1, status: 0 }]);
  });

  it("gives a claim to one of many that ask for it", async () => {
    await store.add(["a.jpg"]);
    const claims = await Promise.all(Array.from({ length: 10 }, () => store.claim(1)));
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    expect(await store.get(1)).toMatchObject({ status: "processing" });
  });

  it("joins the known picture to its person", async () => {
    await store.add(["a.jpg"]);
    const person = await store.personOf("hannibal_1.jpg");
    expect(person).toEqual({ id: 3, name: "Hannibal" });
    const verdict = { status: "processed", outcome: "identified", personId: 3, imageName: "hannibal_1.jpg" } as const;
    expect(await store.finish(await claimed(1), verdict)).toBe(true);
    expect(await store.get(1)).toMatchObject({ status: "processed", person: "Hannibal", imageName: "hannibal_1.jpg" });
    expect(await store.personOf("nobody.jpg")).toBeUndefined();
  });

  it("lets nobody write whose claim was taken away", async () => {
    await store.add(["a.jpg"]);
    const slow = await claimed(1);
    now += RULES.abandonedMs + 1;
    expect(await store.redeem(RULES)).toEqual([1]);
    const quick = await claimed(1);
    expect(await store.finish(slow, { status: "processed", outcome: "no-face" })).toBe(false);
    await store.release(slow, "counts");
    expect(await store.get(1)).toMatchObject({ status: "processing" });
    expect(await store.finish(quick, { status: "processed", outcome: "unknown-person" })).toBe(true);
  });

  it("redeems what is forgotten or has failed for now, and nothing else", async () => {
    await store.add(["forgotten", "failed", "broken", "done", "fresh"]);
    await store.finish(await claimed(2), { status: "failed", outcome: "call-failed", detail: "down" });
    await store.finish(await claimed(3), { status: "failed", outcome: "broken-image", detail: "not a picture" });
    await store.finish(await claimed(4), { status: "processed", outcome: "no-face" });
    now += RULES.retryMs + 1;
    await store.release(await claimed(5), "counts");
    expect((await store.redeem(RULES)).sort((a, b) => a - b)).toEqual([1, 2]);
    expect(await store.redeem(RULES)).toEqual([]);
    expect(await store.get(2)).toMatchObject({ status: "pending" });
    expect(await store.get(3)).toMatchObject({ status: "failed", outcome: "broken-image" });
  });

  it("gives an image up that fails again and again", async () => {
    await store.add(["a.jpg"]);
    for (let time = 0; time <= RULES.retries; time++) {
      await store.finish(await claimed(1), { status: "failed", outcome: "missing-image", detail: "" });
      now += RULES.retryMs + 1;
      expect(await store.redeem(RULES)).toEqual(time < RULES.retries ? [1] : []);
    }
  });

  it("redeems a row that was set to failed by hand", async () => {
    await store.add(["a.jpg"]);
    await sql.change(`UPDATE images SET status = ${STATUS.failed}`);
    now += RULES.retryMs + 1;
    expect(await store.redeem(RULES)).toEqual([1]);
  });

  it("lets two redeemers at one time share the work", async () => {
    await store.add(Array.from({ length: 20 }, (_, index) => `${index}.jpg`));
    now += RULES.forgottenMs + 1;
    const [one, other] = await Promise.all([store.redeem(RULES), store.redeem(RULES)]);
    now += 1;
    expect([...one, ...other].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it("lists by status and person, newest first, and by pages", async () => {
    await store.add(["1", "2", "3"]);
    await store.finish(await claimed(2), { status: "processed", outcome: "identified", personId: 1, imageName: "gergely_1.jpg" });
    const ids = async (filter: Partial<Parameters<ImageStore["list"]>[0]>): Promise<number[]> =>
      (await store.list({ limit: 10, ...filter })).map(({ id }) => id);
    expect(await ids({})).toEqual([3, 2, 1]);
    expect(await ids({ status: "pending" })).toEqual([3, 1]);
    expect(await ids({ person: "Gergely" })).toEqual([2]);
    expect(await ids({ before: 3, limit: 1 })).toEqual([2]);
    expect(await store.counts()).toEqual({ pending: 2, processing: 0, processed: 1, failed: 0 });
  });
});

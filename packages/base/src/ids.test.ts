import { describe, expect, it } from "vitest";
import { nameSuffix, newUid, safeEncode } from "./ids.ts";
import { seededRandom } from "./random.ts";

describe("ids", () => {
  it("makes version 4 UUIDs that the seed decides", () => {
    const random = seededRandom(7);
    const uids = Array.from({ length: 200 }, () => newUid(random));
    for (const uid of uids) expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(uids).size).toBe(200);
    expect(newUid(seededRandom(7))).toBe(uids[0]);
    expect(newUid(seededRandom(8))).not.toBe(uids[0]);
  });

  it("makes name suffixes of safe letters only, evenly enough", () => {
    const random = seededRandom(3);
    const letters = Array.from({ length: 2000 }, () => nameSuffix(random)).join("");
    expect(letters).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]+$/);
    expect(new Set(letters).size).toBe(27);
  });

  it("encodes digits as Kubernetes encodes the hash of a Pod template", () => {
    // Before 1.11 the label held the number and the name its encoding: 2710681425 went with nginx-deployment-6c54bd5869.
    expect(safeEncode("2710681425")).toBe("6c54bd5869");
  });
});

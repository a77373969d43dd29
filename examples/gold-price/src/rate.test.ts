import { describe, expect, it } from "vitest";
import { fetchRate } from "./rate.ts";
import { liveRates } from "./stand-in-rates.ts";

/** A rate service that answers `body`. */
function answering(body: unknown, status = 200, seen: URL[] = []): typeof fetch {
  return (input) => {
    seen.push(input as URL);
    return Promise.resolve(Response.json(body, { status }));
  };
}

const request = { url: "http://rates/api/live", accessKey: "key" };

describe("fetchRate", () => {
  it("asks for gold with the access key and takes the quote", async () => {
    const seen: URL[] = [];
    expect(await fetchRate({ ...request, fetch: answering({ success: true, quotes: { USDXAU: 0.000512 } }, 200, seen) })).toBe(0.000512);
    expect(seen[0]?.href).toBe("http://rates/api/live?access_key=key&currencies=XAU");
  });

  it.each([
    ["a refusal", { success: false, error: { info: "You have not supplied an API Access Key." } }, 200, "have not supplied"],
    ["an error of the server", {}, 502, "HTTP 502"],
    ["another currency", { success: true, quotes: { USDEUR: 0.9 } }, 200, "no USDXAU"],
    ["nonsense for a price", { success: true, quotes: { USDXAU: "cheap" } }, 200, "no USDXAU"],
  ])("says what is wrong with %s", async (_name, body, status, message) => {
    await expect(fetchRate({ ...request, fetch: answering(body, status) })).rejects.toThrow(message);
  });
});

describe("the stand-in of the rate service", () => {
  it("answers what fetchRate takes, and refuses without a key as the original does", async () => {
    const ask = (query: string): unknown => liveRates(new URLSearchParams(query), 1_700_000_000_000);
    const rate = await fetchRate({ ...request, fetch: answering(ask("access_key=k&currencies=XAU")) });
    expect(rate).toBeGreaterThan(0.0004);
    expect(rate).toBeLessThan(0.0006);
    expect(ask("currencies=XAU")).toMatchObject({ success: false, error: { code: 101 } });
    expect(ask("access_key=k&currencies=EUR")).toMatchObject({ success: false, error: { code: 202 } });
  });
});

/** What the rate service answers, as far as it is used (CurrencyLayer's `/live`). */
interface LiveRates {
  readonly success?: boolean;
  readonly quotes?: Readonly<Record<string, number>>;
  readonly error?: { readonly code?: number; readonly info?: string };
}

const QUOTE = "USDXAU";
const TIMEOUT_MS = 10_000;

/** How to ask the rate service. */
interface RateRequest {
  /** For example `http://apilayer.net/api/live`. */
  readonly url: string;
  readonly accessKey: string;
  readonly fetch: typeof fetch;
}

/**
 * How many ounces of gold one US dollar buys.
 *
 * Errors: rejects with a sentence that says what the service answered, or that it did not within 10 s.
 */
export async function fetchRate({ url, accessKey, fetch }: RateRequest): Promise<number> {
  const address = new URL(url);
  address.searchParams.set("access_key", accessKey);
  address.searchParams.set("currencies", "XAU");
  const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`the rate service answered HTTP ${response.status}`);
  const { success, quotes, error } = (await response.json()) as LiveRates;
  if (success !== true) throw new Error(`the rate service refused: ${error?.info ?? "it did not say why"}`);
  const rate = quotes?.[QUOTE];
  if (typeof rate !== "number" || !Number.isFinite(rate) || rate <= 0) throw new Error(`the rate service gave no ${QUOTE}`);
  return rate;
}

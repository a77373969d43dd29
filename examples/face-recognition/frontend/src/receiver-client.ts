const TIMEOUT_MS = 10_000;

/** Posts one path to the receiver at `address` (`host:port`). Errors: rejects when it does not take it within 10 s. */
export async function postToReceiver(address: string, path: string): Promise<void> {
  const response = await fetch(`http://${address}/image/post`, {
    method: "POST",
    body: JSON.stringify({ path }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the receiver answered ${response.status}: ${text.slice(0, 200)}`);
}

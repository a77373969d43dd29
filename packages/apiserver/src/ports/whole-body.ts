import type { ConnectResponse } from "./node-connector.ts";

/** The body of an answer. Errors: `the answer is too long`, as soon as there are more than `limit` bytes; the connection ends then. */
export async function wholeBody({ body }: ConnectResponse, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) throw new Error("the answer is too long");
  }
  return Buffer.concat(chunks);
}

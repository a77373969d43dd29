import type { Status } from "@skiff/api";

/** The Status that a request is refused with. Rejects when it is not refused, or fails in another way. */
export async function refusal(attempt: Promise<unknown>): Promise<Status> {
  try {
    await attempt;
  } catch (error) {
    const { status } = error as { readonly status?: Status };
    if (status === undefined) throw error;
    return status;
  }
  throw new Error("the request was not refused");
}

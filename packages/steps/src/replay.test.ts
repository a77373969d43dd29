import { describe, expect, it } from "vitest";
import { runnableOrder } from "./replay.ts";
import type { Step } from "./step.ts";

const steps = ["a", "b", "c", "d"].map((id) => ({ id }) as Step);

describe("runnableOrder", () => {
  it.each([
    [{}, "abcd"],
    [{ a: "c" }, "bcad"],
    [{ a: "c", b: "c" }, "cabd"],
    [{ b: "elsewhere" }, "acdb"],
  ])("%j", (later, expected) => {
    expect(
      runnableOrder(steps, later)
        .map(({ id }) => id)
        .join(""),
    ).toBe(expected);
  });
});

import { describe, expect, it } from "vitest";
import { BoundedQueue, QueueFullError } from "./bounded-queue.ts";

describe("BoundedQueue", () => {
  it("gives back in order, whatever the mix of pushes and shifts", () => {
    const queue = new BoundedQueue<number>(1000);
    const out: number[] = [];
    let next = 0;
    for (let round = 0; round < 300; round++) {
      for (let push = 0; push < 3; push++) queue.push(next++);
      for (let shift = 0; shift < 2; shift++) out.push(queue.shift() ?? -1);
    }
    out.push(...queue.drain());
    expect(out).toEqual(Array.from({ length: 900 }, (_, index) => index));
    expect(queue.size).toBe(0);
    expect(queue.shift()).toBeUndefined();
  });

  it("refuses what goes past the limit and stays as it was", () => {
    const queue = new BoundedQueue<string>(2);
    queue.push("a");
    queue.push("b");
    expect(() => queue.push("c")).toThrow(QueueFullError);
    expect(queue.drain()).toEqual(["a", "b"]);
  });
});

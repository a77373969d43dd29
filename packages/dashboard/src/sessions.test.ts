import { describe, expect, it } from "vitest";
import { seededRandom, silentLogger, VirtualClock } from "@skiff/base";
import { Client } from "@skiff/client";
import { Sessions, type Connection } from "./sessions.ts";

const never = (): Promise<never> => Promise.reject(new Error("no server"));

function connection(onClose: () => void): Connection {
  return { client: new Client({ request: never, watch: never, stream: never }), close: onClose };
}

describe("sessions", () => {
  it("end when they are not used, with their connections", async () => {
    const clock = new VirtualClock();
    const sessions = new Sessions({ clock, random: seededRandom(1), log: silentLogger }, 60_000);
    let closed = 0;
    const { id } = sessions.begin(
      connection(() => closed++),
      "jane",
    );
    await clock.advance("50s");
    expect(sessions.find(id)?.user).toBe("jane");
    await clock.advance("50s");
    expect(sessions.find(id)?.user).toBe("jane");
    await clock.advance("61s");
    expect(sessions.find(id)).toBeUndefined();
    expect(closed).toBe(1);
  });

  it("are limited; the one idle longest gives way", async () => {
    const clock = new VirtualClock();
    const sessions = new Sessions({ clock, random: seededRandom(1), log: silentLogger }, 60_000);
    const first = sessions.begin(
      connection(() => {}),
      "first",
    );
    await clock.advance("1s");
    const second = sessions.begin(
      connection(() => {}),
      "second",
    );
    for (let index = 0; index < 62; index++)
      sessions.begin(
        connection(() => {}),
        "more",
      );
    await clock.advance("1s");
    expect(sessions.find(first.id)).toBeDefined();
    sessions.begin(
      connection(() => {}),
      "one too many",
    );
    expect(sessions.find(first.id)).toBeDefined();
    expect(sessions.find(second.id)).toBeUndefined();
  });

  it("have secrets of their own", () => {
    const sessions = new Sessions({ clock: new VirtualClock(), random: seededRandom(1), log: silentLogger }, 60_000);
    const [a, b] = [
      sessions.begin(
        connection(() => {}),
        "a",
      ),
      sessions.begin(
        connection(() => {}),
        "b",
      ),
    ];
    expect(new Set([a.id, b.id, a.formToken, b.formToken]).size).toBe(4);
    expect(sessions.find(undefined)).toBeUndefined();
    expect(sessions.find("")).toBeUndefined();
  });
});

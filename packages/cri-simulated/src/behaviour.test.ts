import { describe, expect, it } from "vitest";
import { matchesPattern } from "./behaviour.ts";

describe("matchesPattern", () => {
  it.each([
    ["nginx", "nginx", true],
    ["nginx", "nginx:1", false],
    ["nginx*", "nginx:1", true],
    ["*nginx*", "docker.io/library/nginx:1", true],
    ["*/nginx", "library/nginx:1", false],
    ["a*a", "a", false],
    ["a*b*c", "a-b-b-c", true],
    ["*", "", true],
  ])("%s on %s: %s", (pattern, text, expected) => {
    expect(matchesPattern(pattern, text)).toBe(expected);
  });
});

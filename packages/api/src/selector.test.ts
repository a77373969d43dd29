import { describe, expect, it } from "vitest";
import { isStatus } from "./status.ts";
import { everything, nothing, selectorFromLabels, selectorFromLabelSelector } from "./selector.ts";
import { parseSelector } from "./selector-parser.ts";

describe("the text form", () => {
  it.each([
    ["", "", {}, true],
    ["a=b", "a=b", { a: "b" }, true],
    ["a==b", "a==b", { a: "c" }, false],
    ["a = b , c!=d", "a=b,c!=d", { a: "b" }, true],
    ["a=", "a=", { a: "" }, true],
    ["a=,b=c", "a=,b=c", { a: "", b: "c" }, true],
    ["z,a", "a,z", { a: "1" }, false],
    ["!a", "!a", {}, true],
    ["! a", "!a", { a: "1" }, false],
    ["a in (c,b)", "a in (b,c)", { a: "c" }, true],
    ["a notin (b)", "a notin (b)", {}, true],
    ["a in ()x", undefined, {}, false],
    ["a in (,)", "a in ()", { a: "" }, true],
    ["a in (b,)", "a in (,b)", { a: "" }, true],
    ["a in (in,notin)", "a in (in,notin)", { a: "in" }, true],
    ["in in (in)", "in in (in)", { in: "in" }, true],
    ["a>1", "a>1", { a: "10" }, true],
    ["a>1", "a>1", { a: "x" }, false],
    ["a<9223372036854775807", "a<9223372036854775807", { a: "9223372036854775806" }, true],
    ["example.com/a=b", "example.com/a=b", { "example.com/a": "b" }, true],
    ["constructor=a", "constructor=a", {}, false],
  ])("%s", (text, shown, labels, matches) => {
    if (shown === undefined) {
      expect(() => parseSelector(text)).toThrow();
      return;
    }
    const selector = parseSelector(text);
    expect(selector.toString()).toBe(shown);
    expect(selector.matches(labels as Record<string, string>)).toBe(matches);
  });

  it.each([
    ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ["a=b c", "found 'c', expected: ',' or 'end of string'"],
    ["a,", "found '', expected: identifier after ','"],
    [",", "found ',', expected: !, identifier, or 'end of string'"],
    ["a in b", "unable to parse requirement: found 'b' expected: '('"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["a in ()", "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"],
    ["a==!b", "unable to parse requirement: found '!', expected: identifier"],
    ["a>b", "values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer"],
    ["-a", 'unable to parse requirement: key: Invalid value: "-a": name part must consist of'],
    ["a=-", 'unable to parse requirement: values[0][a]: Invalid value: "-": a valid label must be'],
  ])("refuses %s", (text, message) => {
    let error: unknown;
    try {
      parseSelector(text);
    } catch (caught) {
      error = caught;
    }
    expect(isStatus(error, "BadRequest")).toBe(true);
    expect((error as Error).message).toContain(message);
  });

  it("bounds the number of requirements and the length", () => {
    expect(() => parseSelector("a,".repeat(10_001) + "b")).toThrow("at most 10000");
    expect(() => parseSelector("a".repeat(1_048_577))).toThrow("characters");
  });
});

describe("LabelSelector objects", () => {
  it("absent matches nothing, empty matches everything", () => {
    expect(selectorFromLabelSelector(undefined)).toBe(nothing);
    expect(nothing.matches({ a: "b" })).toBe(false);
    expect(selectorFromLabelSelector({}).matchesEverything).toBe(true);
    expect(everything.matches(undefined)).toBe(true);
  });

  it("needs labels and expressions alike", () => {
    const selector = selectorFromLabelSelector({
      matchLabels: { app: "a" },
      matchExpressions: [
        { key: "tier", operator: "NotIn", values: ["web"] },
        { key: "old", operator: "DoesNotExist" },
      ],
    });
    expect(selector.toString()).toBe("app=a,!old,tier notin (web)");
    expect(selector.matches({ app: "a" })).toBe(true);
    expect(selector.matches({ app: "a", tier: "web" })).toBe(false);
    expect(selector.matches({ app: "a", old: "" })).toBe(false);
    expect(() => selectorFromLabelSelector({ matchExpressions: [{ key: "a", operator: "Near" }] })).toThrow(
      '"Near" is not a valid label selector operator',
    );
  });

  it("reads maps of labels", () => {
    expect(selectorFromLabels({ b: "2", a: "1" }).toString()).toBe("a=1,b=2");
    expect(selectorFromLabels(undefined).matchesEverything).toBe(true);
  });
});

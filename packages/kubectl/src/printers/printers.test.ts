import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { JsonValue } from "@skiff/api";
import { parseFlags } from "../flags.ts";
import { JsonPath } from "./json-path.ts";
import { jsonText, yamlText } from "./yaml-text.ts";

/** As Kubernetes reads it: YAML 1.1, in which `yes` is a truth value. */
const parsed = (text: string): unknown => parse(text, { version: "1.1" });

const POD: JsonValue = {
  metadata: { name: "a", labels: { "app.kubernetes.io/name": "x" } },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Other", status: "False" },
    ],
    n: 3,
  },
  spec: { containers: [{ name: "c1" }, { name: "c2" }, { name: "c3" }] },
};

describe("JsonPath", () => {
  it.each([
    ["{.metadata.name}", "a"],
    ["name: {.metadata.name}{'\\n'}", "name: a\n"],
    ["{.metadata.labels.app\\.kubernetes\\.io/name}", "x"],
    ["{.metadata['name']}", "a"],
    ["{.spec.containers[*].name}", "c1 c2 c3"],
    ["{.spec.containers[-1].name}", "c3"],
    ["{.spec.containers[0:2].name}", "c1 c2"],
    ["{..name}", "a c1 c2 c3"],
    ['{.status.conditions[?(@.type=="Ready")].status}', "True"],
    ["{range .spec.containers[*]}<{.name}>{end}", "<c1><c2><c3>"],
    ["{.status.conditions[0]}", '{"status":"True","type":"Ready"}'],
    ["{.status.n}", "3"],
  ])("%s", (template, text) => {
    expect(new JsonPath(template).execute(POD)).toBe(text);
  });

  it("refuses what is missing unless that is allowed", () => {
    expect(() => new JsonPath("{.none}").execute(POD)).toThrow("none is not found");
    expect(new JsonPath("{.none.more}", { allowMissing: true }).execute(POD)).toBe("");
  });
});

describe("yamlText", () => {
  it.each<[JsonValue, string]>([
    [{ b: 1, a: [{ z: 1, x: [] }, "s"] }, "a:\n- x: []\n  z: 1\n- s\nb: 1\n"],
    [{ a: "true", b: "1.5", c: "", d: null }, 'a: "true"\nb: "1.5"\nc: ""\nd: null\n'],
    [{ a: '{"x":1}', b: "it's: so", c: "- x" }, "a: '{\"x\":1}'\nb: 'it''s: so'\nc: '- x'\n"],
    [{ a: "one\ntwo\n", b: "one\ntwo" }, "a: |\n  one\n  two\nb: |-\n  one\n  two\n"],
    [{ t: "2026-01-01T00:00:00Z", u: "nginx:1" }, 't: "2026-01-01T00:00:00Z"\nu: nginx:1\n'],
  ])("%j", (value, text) => {
    expect(yamlText(value)).toBe(text);
    expect(parsed(text)).toEqual(value);
  });

  it("folds long lines and reads as the same", () => {
    const value = { message: `containers with unready status: [${"x ".repeat(60)}]`, plain: "word ".repeat(40).trim() };
    expect(parsed(yamlText(value))).toEqual(value);
    expect(
      Math.max(
        ...yamlText(value)
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThan(95);
  });
});

it("jsonText sorts keys and escapes as Go does", () => {
  expect(jsonText({ b: "<&>", a: [] })).toBe('{\n    "a": [],\n    "b": "\\u003c\\u0026\\u003e"\n}\n');
});

it("parseFlags takes values behind letters, in bundles and before a dash", () => {
  const flags = parseFlags(
    "exec",
    {
      output: { short: "o", type: "string", help: "" },
      stdin: { short: "i", type: "bool", help: "" },
      tty: { short: "t", type: "bool", help: "" },
      file: { short: "f", type: "list", help: "" },
    },
    ["pod", "-oyaml", "-it", "-f", "a,b", "--file=c", "--", "ls", "-l"],
  );
  expect([flags.text("output"), flags.bool("stdin"), flags.bool("tty")]).toEqual(["yaml", true, true]);
  expect(flags.list("file")).toEqual(["a", "b", "c"]);
  expect([flags.args, flags.afterDash]).toEqual([["pod"], ["ls", "-l"]]);
});

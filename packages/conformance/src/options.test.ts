import { expect, it } from "vitest";
import { parseOptions } from "./options.ts";

it("has defaults for everything", () => {
  expect(parseOptions([])).toEqual({ name: "conformance", nodes: 2, parallel: 2, resume: false, keep: false });
});

it("reads every flag", () => {
  const args = ["--focus", "sig-apps", "--skip", "x", "--name", "mine", "--nodes", "3", "--parallel=1", "--resume", "--keep"];
  expect(parseOptions(args)).toEqual({ focus: /sig-apps/, skip: /x/, name: "mine", nodes: 3, parallel: 1, resume: true, keep: true });
});

it.each([[["--nodes", "0"]], [["--parallel", "two"]], [["--focus", "("]], [["--unknown"]]])("refuses %j", (args) => {
  expect(() => parseOptions(args)).toThrow();
});

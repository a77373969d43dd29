import { expect, it } from "vitest";
import { RequestQuery } from "./request-query.ts";

it.each([
  ["tty=true", true],
  ["tty=1", true],
  ["tty=True", true],
  ["tty", true],
  ["tty=", true],
  ["tty=false", false],
  ["tty=False", false],
  ["tty=FALSE", false],
  ["tty=0", false],
  ["", false],
])("reads the flag of %j as upstream does", (query, expected) => {
  expect(RequestQuery.parse(query).flag("tty")).toBe(expected);
});

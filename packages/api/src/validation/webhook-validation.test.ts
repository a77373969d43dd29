import { expect, it } from "vitest";
import { validateClientConfig } from "./webhook-validation.ts";

it.each<[path: string | undefined, problems: string[]]>([
  [undefined, []],
  ["", []],
  ["/", []],
  ["/a/b.c/", []],
  ["//", ["segment[0] may not be empty"]],
  ["a", ["must start with a '/'", "segment[0] may not be empty"]],
  ["/a//b", ["segment[1] may not be empty"]],
])("checks the path %j of a webhook at a Service", (path, problems) => {
  const service = { name: "s", namespace: "n", ...(path === undefined ? {} : { path }) };
  expect(validateClientConfig({ service }, "clientConfig").map(({ field, message }) => `${field}: ${message}`)).toEqual(
    problems.map((problem) => `clientConfig.service.path: Invalid value: ${JSON.stringify(path)}: ${problem}`),
  );
});

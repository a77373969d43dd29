import { expect, it } from "vitest";
import { statusError } from "@skiff/api";
import { explainError, PageError } from "./page-error.ts";

it.each([
  [statusError("Forbidden", "pods is forbidden"), 403, "You are not allowed to do this", "pods is forbidden"],
  [statusError("NotFound", 'pods "a" not found'), 404, "This is not there", 'pods "a" not found'],
  [statusError("Conflict", "changed"), 409, "Somebody else was faster", "changed"],
  [statusError("Invalid", "spec.replicas: Invalid value"), 422, "The API server refused", "spec.replicas: Invalid value"],
  [statusError("Unauthorized", "Unauthorized"), 401, "Your credentials are no longer accepted", "Sign in again"],
  [new PageError(404, "There is no such page."), 404, "This does not work", "There is no such page."],
  [Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }), 502, "The API server cannot be reached", "ECONNREFUSED"],
  [new TypeError("x is not a function"), 500, "The dashboard has failed", "x is not a function"],
])("%s", (error, status, title, sentence) => {
  expect(explainError(error)).toEqual({ status, title, sentence: expect.stringContaining(sentence) });
});

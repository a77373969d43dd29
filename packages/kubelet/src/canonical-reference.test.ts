import { describe, expect, it } from "vitest";
import { canonicalReference } from "./canonical-reference.ts";

describe("canonicalReference", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  it.each([
    ["nginx", "docker.io/library/nginx:latest"],
    ["nginx:1.7.9", "docker.io/library/nginx:1.7.9"],
    ["team/app", "docker.io/team/app:latest"],
    ["docker.io/nginx", "docker.io/library/nginx:latest"],
    ["index.docker.io/team/app:1", "docker.io/team/app:1"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/app", "localhost:5000/app:latest"],
    ["registry.example/a/b/c:v1", "registry.example/a/b/c:v1"],
    [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
    ["index.docker.io/nginx", "docker.io/library/nginx:latest"],
    [digest, digest],
    ["Not A Name", "Not A Name"],
    [`nginx:1@${digest}`, `docker.io/library/nginx:1@${digest}`],
  ])("completes %s to %s", (reference, expected) => {
    expect(canonicalReference(reference)).toBe(expected);
  });
});

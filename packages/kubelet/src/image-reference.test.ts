import type { Secret } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { parseImageReference, withDefaultTag } from "./image-reference.ts";
import { credentialsFor } from "./pull-credentials.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("an image name", () => {
  it.each([
    ["nginx", "nginx:latest"],
    ["nginx:1.27", "nginx:1.27"],
    [`nginx@${DIGEST}`, `nginx@${DIGEST}`],
    ["localhost:5000/app", "localhost:5000/app:latest"],
    ["registry.example:443/team/app:v1", "registry.example:443/team/app:v1"],
  ])("%s gets its tag: %s", (name, expected) => expect(withDefaultTag(name)).toBe(expected));

  it.each(["", "UPPER", "a//b", "a:b:c", "-a", "a b", "nginx@sha256:short", `a/${"b".repeat(300)}`])("%j is none", (name) => {
    expect(parseImageReference(name)).toBeUndefined();
  });

  it("knows its registry", () => {
    expect(parseImageReference("nginx")).toEqual({ domain: "docker.io", path: "library/nginx" });
    expect(parseImageReference("a.b:5/c/d:e")).toEqual({ domain: "a.b:5", path: "c/d", tag: "e" });
  });
});

describe("pull secrets", () => {
  const secret = (auths: object): Secret => ({ data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") } });
  const user = (name: string): object => ({ auth: Buffer.from(`${name}:p:w`).toString("base64") });
  const found = (image: string, auths: object): string[] =>
    credentialsFor(parseImageReference(image)!, [secret(auths)]).map(({ username, password }) => `${username}/${password}`);

  it.each([
    { image: "nginx", key: "https://index.docker.io/v1/", fits: true },
    { image: "r.example/a/b", key: "r.example", fits: true },
    { image: "r.example/a/b", key: "https://r.example/a", fits: true },
    { image: "r.example/ab", key: "r.example/a", fits: false },
    { image: "r.example:5000/a", key: "r.example", fits: false },
    { image: "eu.r.example/a", key: "*.r.example", fits: true },
    { image: "x.eu.r.example/a", key: "*.r.example", fits: false },
  ])("of $key fit $image: $fits", ({ image, key, fits }) => {
    expect(found(image, { [key]: user("u") })).toEqual(fits ? ["u/p:w"] : []);
  });

  it("are used the most specific first", () => {
    expect(found("r.example/team/app", { "r.example": user("all"), "r.example/team": user("team") })).toEqual(["team/p:w", "all/p:w"]);
  });

  it("that cannot be read have no credentials", () => {
    expect(credentialsFor(parseImageReference("a")!, [{ data: { ".dockerconfigjson": "e30x" } }, {}])).toEqual([]);
  });
});

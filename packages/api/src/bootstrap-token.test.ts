import { describe, expect, it } from "vitest";
import {
  bootstrapTokenSecret,
  isBootstrapGroup,
  msUntilTokenExpiry,
  NODE_TOKEN_GROUP,
  parseBootstrapToken,
  readBootstrapToken,
  type BootstrapToken,
} from "./bootstrap-token.ts";

const TOKEN: BootstrapToken = {
  id: "abcdef",
  secret: "0123456789abcdef",
  description: "for the new rack",
  expiration: "2026-01-02T00:00:00Z",
  usages: ["authentication", "signing"],
  groups: [NODE_TOKEN_GROUP],
};

it("has a form", () => {
  expect(parseBootstrapToken("abcdef.0123456789abcdef")).toEqual({ id: "abcdef", secret: "0123456789abcdef" });
  for (const text of ["abcdef", "abcdef.0123456789abcde", "ABCDEF.0123456789abcdef", "abcdef.0123456789abcdef.", ""])
    expect(parseBootstrapToken(text), text).toBeUndefined();
});

describe("the Secret of a token", () => {
  it("has upstream's names and keys", () => {
    const secret = bootstrapTokenSecret(TOKEN);
    expect(secret).toMatchObject({
      type: "bootstrap.kubernetes.io/token",
      metadata: { name: "bootstrap-token-abcdef", namespace: "kube-system" },
    });
    const text = Object.fromEntries(
      Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
    );
    expect(text).toEqual({
      "token-id": "abcdef",
      "token-secret": "0123456789abcdef",
      description: "for the new rack",
      expiration: "2026-01-02T00:00:00Z",
      "usage-bootstrap-authentication": "true",
      "usage-bootstrap-signing": "true",
      "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    });
  });

  it("gives the token back, also one without what may be left out", () => {
    expect(readBootstrapToken(bootstrapTokenSecret(TOKEN))).toEqual(TOKEN);
    const bare: BootstrapToken = { id: "abcdef", secret: TOKEN.secret, description: "", usages: [], groups: [] };
    expect(readBootstrapToken(bootstrapTokenSecret(bare))).toEqual(bare);
  });

  it("holds none when type, name, form or life are not a token's", () => {
    const secret = bootstrapTokenSecret(TOKEN);
    const { metadata } = secret;
    expect(readBootstrapToken({ ...secret, type: "Opaque" })).toBeUndefined();
    expect(readBootstrapToken({ ...secret, metadata: { ...metadata, name: "bootstrap-token-fedcba" } })).toBeUndefined();
    expect(readBootstrapToken({ ...secret, metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } })).toBeUndefined();
    expect(readBootstrapToken({ ...secret, data: { ...secret.data, "token-secret": "c2hvcnQ=" } })).toBeUndefined();
    expect(readBootstrapToken({ type: secret.type, metadata })).toBeUndefined();
  });
});

it("expires when it says, at once when nobody can read when, and else never", () => {
  const nowMs = Date.parse("2026-01-01T00:00:00Z");
  expect(msUntilTokenExpiry("2026-01-01T00:01:00Z", nowMs)).toBe(60_000);
  expect(msUntilTokenExpiry("2026-01-01T01:01:00+01:00", nowMs)).toBe(60_000);
  expect(msUntilTokenExpiry("tomorrow", nowMs)).toBe(0);
  expect(msUntilTokenExpiry(undefined, nowMs)).toBeUndefined();
});

it("gives its holder groups of bootstrappers only", () => {
  expect(["system:bootstrappers:workers", NODE_TOKEN_GROUP].every(isBootstrapGroup)).toBe(true);
  expect(["system:masters", "system:bootstrappers:", "system:bootstrappers"].some(isBootstrapGroup)).toBe(false);
});

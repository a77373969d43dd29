import { expect, it } from "vitest";
import { signDetached, verifyDetached } from "./detached-jws.ts";

const TOKEN = { id: "abcdef", secret: "0123456789abcdef" };
const CONTENT = "apiVersion: v1\nkind: Config\n";
/** By `openssl dgst -sha256 -hmac`. */
const SIGNATURE = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..vH_kT4yiol-nrAWgjfCYqvum5wsKETXe0S7OOp1VgnE";

it("signs as any other implementation of RFC 7515 does", () => {
  expect(signDetached(CONTENT, TOKEN)).toBe(SIGNATURE);
  expect(verifyDetached(SIGNATURE, CONTENT, TOKEN)).toBe(true);
});

it("accepts a header that is written in another way", () => {
  // {"kid": "abcdef", "alg": "HS256"}, by openssl too.
  expect(verifyDetached("eyJraWQiOiAiYWJjZGVmIiwgImFsZyI6ICJIUzI1NiJ9..y0Pp_0Xz9ZusA1fQvr5Zw3U3RYJjGgA3-RpHarY9jTM", CONTENT, TOKEN)).toBe(
    true,
  );
});

const forged = (header: object): string => {
  const [, , signature = ""] = SIGNATURE.split(".");
  return `${Buffer.from(JSON.stringify(header)).toString("base64url")}..${signature}`;
};

it.each([
  ["another content", SIGNATURE, `${CONTENT} `, TOKEN],
  ["another secret", SIGNATURE, CONTENT, { ...TOKEN, secret: "0123456789abcdee" }],
  ["another token's id", SIGNATURE, CONTENT, { ...TOKEN, id: "fedcba" }],
  ["no algorithm", forged({ alg: "none", kid: "abcdef" }), CONTENT, TOKEN],
  ["a header that is no object", `bnVsbA..${SIGNATURE.split(".")[2]}`, CONTENT, TOKEN],
  ["a payload of its own", SIGNATURE.replace("..", ".YQ."), CONTENT, TOKEN],
  ["half a signature", SIGNATURE.slice(0, -4), CONTENT, TOKEN],
  ["nothing", "", CONTENT, TOKEN],
])("refuses %s", (_what, jws, content, token) => {
  expect(verifyDetached(jws, content, token)).toBe(false);
});

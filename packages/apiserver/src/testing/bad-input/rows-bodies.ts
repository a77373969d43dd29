import { randomInteger, type Random } from "@skiff/base";
import type { BadInput, Expected, HttpInput, Row } from "./bad-input.ts";
import { configMap, CONFIG_MAPS, freshName, pick } from "./generators.ts";

const BAD_REQUEST: Expected = { status: 400, reason: "BadRequest" };
const MiB = 1024 * 1024;

const post = (body: HttpInput["body"], headers: HttpInput["headers"] = {}): HttpInput => ({
  method: "POST",
  path: CONFIG_MAPS,
  ...(body === undefined ? {} : { body }),
  headers: { "content-type": "application/json", ...headers },
});
const yaml = (text: string): HttpInput => post(text, { "content-type": "application/yaml" });
const json = (random: Random, more: object = {}): string => JSON.stringify(configMap(freshName(random), more));
const withData = (random: Random, data: string): string => json(random).replace('"value"', data);

function refused(what: string, make: BadInput["make"], expected: Expected = BAD_REQUEST): BadInput {
  return { what, make, expected };
}

/** One character of the text replaced by one that JSON has no use for there. */
function spoilt(random: Random, text: string): string {
  const structural = [...text.matchAll(/[{}[\]:,]/g)].map(({ index }) => index);
  const at = pick(random, structural);
  return (
    text.slice(0, at) +
    pick(
      random,
      ["'", "\u0001", "x", "=", "}"].filter((each) => each !== text[at]),
    ) +
    text.slice(at + 1)
  );
}

/** The header of a protobuf body: magic number, then the message. */
function protobuf(message: readonly number[], magic = "k8s\0"): Uint8Array {
  return Buffer.concat([Buffer.from(magic), Buffer.from(message)]);
}

/** Bodies: rows 1 to 9, 16, 22, 23 and 28. */
export const BODY_ROWS: readonly Row[] = [
  {
    row: 1,
    name: "truncated and malformed JSON",
    inputs: [
      refused("truncated", (random) => {
        const text = json(random);
        return post(text.slice(0, 1 + randomInteger(random, text.length - 1)));
      }),
      refused("one character spoilt", (random) => post(spoilt(random, json(random)))),
      refused("random bytes", (random) => post(random.bytes(1 + randomInteger(random, 2000)))),
    ],
  },
  {
    row: 2,
    name: "malformed YAML",
    inputs: [
      refused("tabs", (random) => yaml(`apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: ${freshName(random)}\n`)),
      refused("two documents", (random) => yaml(`${json(random)}\n---\n${json(random)}`)),
      refused("an open list", (random) => yaml(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${freshName(random)}, labels: [`)),
      refused("an unknown anchor", () => yaml("apiVersion: v1\nkind: ConfigMap\ndata: *nowhere\n")),
    ],
  },
  {
    row: 3,
    name: "empty bodies",
    inputs: [
      refused("POST", () => post(undefined)),
      refused("PUT", () => ({ method: "PUT", path: `${CONFIG_MAPS}/kept` })),
      refused("PATCH", () => ({
        method: "PATCH",
        path: `${CONFIG_MAPS}/kept`,
        headers: { "content-type": "application/merge-patch+json" },
      })),
      refused("white space", (random) => post(" ".repeat(1 + randomInteger(random, 100)))),
      refused("null", () => post("null")),
    ],
  },
  {
    row: 4,
    name: "text that is not UTF-8 or not text",
    inputs: [
      refused("invalid UTF-8", (random) => {
        const [before = "", after = ""] = json(random).split("value");
        return post(Buffer.concat([Buffer.from(before), Buffer.from([pick(random, [0xff, 0xc0, 0xed, 0xf8]), 0x41]), Buffer.from(after)]));
      }),
      refused("a byte order mark", (random) => post(`\uFEFF${json(random)}`)),
      refused("half a surrogate pair", (random) => post(withData(random, String.raw`"\ud800"`))),
      {
        what: "NUL is kept exactly",
        make: (random) => post(withData(random, String.raw`"a\u0000b"`)),
        expected: { status: 201, text: /a\\u0000b/ },
        stores: true,
      },
    ],
  },
  {
    row: 5,
    name: "bodies above 3 MiB",
    inputs: ["POST", "PUT", "PATCH", "DELETE"].map((method) =>
      refused(
        method,
        (random) => ({
          method,
          path: method === "POST" ? CONFIG_MAPS : `${CONFIG_MAPS}/kept`,
          body: Buffer.alloc(3 * MiB + 1 + randomInteger(random, MiB), 0x20),
          headers: { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" },
        }),
        { status: 413, reason: "RequestEntityTooLarge" },
      ),
    ),
  },
  {
    row: 6,
    name: "JSON nested too deeply",
    inputs: [
      refused("lists", (random) => post("[".repeat(501 + randomInteger(random, 1_500_000)))),
      refused("balanced objects", (random) => {
        const depth = 501 + randomInteger(random, 100_000);
        return post(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
      }),
      refused("in a patch", (random) => ({
        method: "PATCH",
        path: `${CONFIG_MAPS}/kept`,
        body: '{"a":'.repeat(501 + randomInteger(random, 100_000)),
        headers: { "content-type": "application/merge-patch+json" },
      })),
    ],
  },
  {
    row: 7,
    name: "YAML nested too deeply",
    inputs: [
      refused("brackets", (random) => yaml("[".repeat(3 * MiB - randomInteger(random, 1000)))),
      refused("braces", (random) => yaml("{a: ".repeat(501 + randomInteger(random, 100_000)))),
      refused("block lists", (random) => yaml("- ".repeat(501 + randomInteger(random, 500_000)))),
    ],
  },
  {
    row: 8,
    name: "YAML alias bombs",
    inputs: [
      refused("billion laughs", (random) => {
        const levels = 8 + randomInteger(random, 8);
        const lines = Array.from({ length: levels }, (_, level) => {
          const item = level === 0 ? "lol" : `*a${level - 1}`;
          return `a${level}: &a${level} [${Array.from({ length: 9 }, () => item).join(", ")}]`;
        });
        return yaml(lines.join("\n"));
      }),
      refused("one large anchor, many aliases", () =>
        yaml(`a: &a [${"x, ".repeat(5000)}]\nb: [${Array.from({ length: 5000 }, () => "*a").join(", ")}]\n`),
      ),
    ],
  },
  {
    row: 9,
    name: "packed bodies",
    inputs: ["gzip", "deflate", "br", "GZIP", "gzip, identity"].map((encoding) =>
      refused(encoding, (random) => post(random.bytes(500), { "content-encoding": encoding }), {
        status: 415,
        reason: "UnsupportedMediaType",
      }),
    ),
  },
  {
    row: 16,
    name: "protobuf that is none",
    inputs: [
      ["wrong magic", (): Uint8Array => protobuf([10, 4, 10, 2, 118, 49], "k9s\0")],
      ["nothing behind the magic", (): Uint8Array => protobuf([])],
      ["a length beyond the end", (): Uint8Array => protobuf([10, 0xff, 0xff, 0xff, 0xff, 0x0f, 1])],
      ["a number without end", (): Uint8Array => protobuf([10, ...Array.from({ length: 40 }, () => 0xff)])],
      ["random bytes", (random: Random): Uint8Array => protobuf([...random.bytes(1 + randomInteger(random, 500))])],
    ].map(([what, make]) =>
      refused(what as string, (random) =>
        post((make as (random: Random) => Uint8Array)(random), { "content-type": "application/vnd.kubernetes.protobuf" }),
      ),
    ),
  },
  {
    row: 22,
    name: "keys of prototypes",
    inputs: [
      ...["labels", "annotations"].flatMap((field) =>
        ["constructor", "prototype", "toString"].map((key): BadInput => ({
          what: `${key} in ${field} is data`,
          make: (random) => post(JSON.stringify(configMap("", { metadata: { name: freshName(random), [field]: { [key]: "polluted" } } }))),
          expected: { status: 201, text: new RegExp(`"${key}":"polluted"`) },
          stores: true,
        })),
      ),
      refused("__proto__ in labels", (random) => post(json(random).replace('"namespace"', '"labels":{"__proto__":"x"},"namespace"')), {
        status: 422,
        reason: "Invalid",
        field: "metadata.labels",
      }),
      refused("__proto__ in data", (random) => post(withData(random, '"v","__proto__":{"polluted":"yes"}')), BAD_REQUEST),
      {
        what: "__proto__ with text in data is data",
        make: (random) => post(withData(random, '"v","__proto__":"polluted"')),
        expected: { status: 201, text: /"__proto__":"polluted"/ },
        stores: true,
      },
      {
        what: "__proto__ beside metadata is unknown",
        make: (random) => post(json(random).replace('"data"', '"__proto__":{"polluted":"yes"},"data"')),
        expected: { status: 201, headers: { warning: /unknown field/ } },
        stores: true,
      },
    ],
  },
  {
    row: 23,
    name: "duplicate keys",
    inputs: [
      refused(
        "Strict",
        (random) => ({
          ...post(json(random).replace('"key"', '"key":"first","key"')),
          path: `${CONFIG_MAPS}?fieldValidation=Strict`,
        }),
        { ...BAD_REQUEST, text: /duplicate field \\"data\.key\\"/ },
      ),
      {
        what: "Warn: the last one counts",
        make: (random) => post(json(random).replace('"key"', '"key":"first","key"')),
        expected: { status: 201, text: /"key":"value"/, headers: { warning: /duplicate field/ } },
        stores: true,
      },
      refused(
        "in YAML",
        (random) => ({
          ...yaml(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${freshName(random)}}\ndata:\n  a: one\n  a: two\n`),
          path: `${CONFIG_MAPS}?fieldValidation=Strict`,
        }),
        { ...BAD_REQUEST, text: /duplicate field|already set/ },
      ),
    ],
  },
  {
    row: 28,
    name: "numbers that JavaScript cannot keep",
    inputs: [
      ...["9007199254740993", "1e400", "-9223372036854775809", "1.5", '"1"', "true"].map((number) =>
        refused(`${number} for an int64`, (random) => post(json(random).replace('"namespace"', `"generation":${number},"namespace"`))),
      ),
      refused("a number for a text", (random) => post(withData(random, String(randomInteger(random, 1000))))),
    ],
  },
];

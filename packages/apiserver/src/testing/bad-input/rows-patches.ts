import { randomInteger } from "@skiff/base";
import type { Answer, BadInput, Expected, HttpInput, Row } from "./bad-input.ts";
import { CONFIG_MAPS, freshName, PODS } from "./generators.ts";
import type { Lab } from "./lab.ts";

const BAD_REQUEST: Expected = { status: 400, reason: "BadRequest" };
const INVALID: Expected = { status: 422, reason: "Invalid" };
const KEPT = `${CONFIG_MAPS}/kept`;
const KEPT_POD = `${PODS}/kept`;

function patch(type: string, body: HttpInput["body"], path = KEPT): HttpInput {
  return { method: "PATCH", path, headers: { "content-type": type }, ...(body === undefined ? {} : { body }) };
}

const json = (operations: unknown, path = KEPT): HttpInput => patch("application/json-patch+json", JSON.stringify(operations), path);
const merge = (value: unknown, path = KEPT): HttpInput => patch("application/merge-patch+json", JSON.stringify(value), path);
const strategic = (value: unknown, path = KEPT_POD): HttpInput =>
  patch("application/strategic-merge-patch+json", JSON.stringify(value), path);
const apply = (value: unknown, query = "?fieldManager=me", path = KEPT): HttpInput =>
  patch("application/apply-patch+yaml", JSON.stringify(value), `${path}${query}`);

function refused(what: string, make: BadInput["make"], expected: Expected): BadInput {
  return { what, make, expected };
}

const APPLIED = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept" } };

/** An object that waits for its finalizer, for one request. */
async function terminating(lab: Lab, name: string, body: object): Promise<Answer> {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, finalizers: ["example.com/hold"] } };
  await lab.send({ method: "POST", path: CONFIG_MAPS, body: object });
  await lab.send({ method: "DELETE", path: `${CONFIG_MAPS}/${name}` });
  return lab.send(merge(body, `${CONFIG_MAPS}/${name}`));
}

/** Patches: rows 43 to 49. */
export const PATCH_ROWS: readonly Row[] = [
  {
    row: 43,
    name: "JSON patches of very many operations",
    inputs: [
      refused(
        "10,001",
        (random) =>
          json(Array.from({ length: 10_001 + randomInteger(random, 20_000) }, () => ({ op: "test", path: "/kind", value: "ConfigMap" }))),
        {
          status: 413,
          reason: "RequestEntityTooLarge",
        },
      ),
    ],
  },
  {
    row: 44,
    name: "JSON patches that double",
    inputs: [
      refused(
        "copies of copies",
        () =>
          json([
            { op: "add", path: "/data/a", value: "x".repeat(1000) },
            ...Array.from({ length: 40 }, (_, index) => ({ op: "copy", from: "/data", path: `/data${index}` })),
            ...Array.from({ length: 40 }, (_, index) => ({ op: "copy", from: "", path: `/data${index}/b` })),
          ]),
        { status: [413, 422] },
      ),
    ],
  },
  {
    row: 45,
    name: "JSON patches that do not fit",
    inputs: [
      ["a test that fails", [{ op: "test", path: "/data/key", value: "other" }]],
      ["a path that is not there", [{ op: "remove", path: "/data/none" }]],
      ["a broken escape", [{ op: "add", path: "/data/~2", value: "x" }]],
      ["a negative index", [{ op: "add", path: "/metadata/finalizers/-1", value: "x" }]],
      ["an index that is none", [{ op: "replace", path: "/metadata/managedFields/x", value: {} }]],
      ["into a prototype", [{ op: "add", path: "/__proto__/polluted", value: "yes" }]],
      ["into a constructor", [{ op: "add", path: "/constructor/prototype/polluted", value: "yes" }]],
      ["a move into itself", [{ op: "move", from: "/data", path: "/data/inner" }]],
      ["everything away", [{ op: "remove", path: "" }]],
      ["a list instead", [{ op: "replace", path: "", value: [] }]],
    ]
      .map(([what, operations]) => refused(what as string, () => json(operations), INVALID))
      .concat([
        refused("an unknown operation", () => json([{ op: "increment", path: "/data/key", value: 1 }]), { status: [400, 422] }),
        refused("no list", () => json({ op: "add", path: "/data/x", value: "y" }), BAD_REQUEST),
        refused("no operations but numbers", (random) => json(Array.from({ length: 5 }, () => randomInteger(random, 10))), {
          status: [400, 422],
        }),
        refused("a path without its slash", () => json([{ op: "add", path: "data", value: "x" }]), { status: [400, 422] }),
      ]),
  },
  {
    row: 46,
    name: "merge and strategic patches that do not fit",
    inputs: [
      ...["[]", '"x"', "7", "null", "true"].map((text) =>
        refused(`merge of ${text}`, () => patch("application/merge-patch+json", text), { status: [400, 422] }),
      ),
      refused("strategic of a list", () => strategic([]), { status: [400, 422] }),
      refused("an unknown directive", () => strategic({ $patch: "explode" }), { status: [400, 422] }),
      refused("an unknown directive in a list", () => strategic({ spec: { containers: [{ name: "c", $patch: "explode" }] } }), {
        status: [400, 422],
      }),
      refused("an order that is no list", () => strategic({ spec: { "$setElementOrder/containers": 7 } }), { status: [400, 422] }),
      refused("an item without its key", () => strategic({ spec: { containers: [{ image: "x" }] } }), { status: [400, 422] }),
      refused("a list where an object is", () => strategic({ spec: [] }), { status: [400, 422] }),
      refused("a wrong type", () => merge({ data: { key: { a: 1 } } }), INVALID),
    ],
  },
  {
    row: 47,
    name: "applies that are not right",
    inputs: [
      refused("no manager", () => apply(APPLIED, ""), { ...INVALID, field: "fieldManager" }),
      refused("another kind", () => apply({ ...APPLIED, kind: "Secret" }), BAD_REQUEST),
      refused("another name", () => apply({ ...APPLIED, metadata: { name: "other" } }), BAD_REQUEST),
      refused("managed fields", () => apply({ ...APPLIED, metadata: { name: "kept", managedFields: [{ manager: "x" }] } }), {
        status: [400, 422],
      }),
      refused("an unknown field", () => apply({ ...APPLIED, unknown: 1 }, "?fieldManager=me&fieldValidation=Strict"), {
        status: [400, 422, 500],
      }),
      refused("no object", () => patch("application/apply-patch+yaml", "[]", `${KEPT}?fieldManager=me`), BAD_REQUEST),
      refused("no YAML", () => patch("application/apply-patch+yaml", "a: [", `${KEPT}?fieldManager=me`), BAD_REQUEST),
      refused("a conflict", () => apply({ ...APPLIED, data: { key: "mine" } }, "?fieldManager=somebody-else"), {
        status: 409,
        reason: "Conflict",
        text: /conflict with/,
      }),
      refused(
        "two items with one key",
        () =>
          apply(
            {
              apiVersion: "v1",
              kind: "Pod",
              metadata: { name: "kept" },
              spec: {
                containers: [
                  { name: "c", image: "a" },
                  { name: "c", image: "b" },
                ],
              },
            },
            "?fieldManager=me",
            KEPT_POD,
          ),
        { status: [400, 422, 500] },
      ),
      {
        what: "garbage in the managed fields of an update",
        make: (random) => ({
          method: "PUT",
          path: KEPT,
          body: {
            ...APPLIED,
            data: { key: freshName(random) },
            metadata: { name: "kept", managedFields: [{ manager: "x", operation: "Explode", fieldsV1: { "f:x": 7 } }] },
          },
        }),
        expected: { status: [200, 422] },
        stores: true,
      },
    ],
  },
  {
    row: 48,
    name: "patches of what cannot change",
    inputs: [
      refused("name", () => merge({ metadata: { name: "other" } }), { status: [400, 422] }),
      refused("namespace", () => merge({ metadata: { namespace: "kube-system" } }), { status: [400, 422] }),
      refused("uid", (random) => merge({ metadata: { uid: freshName(random) } }), { status: [409, 422] }),
      refused("kind", () => merge({ kind: "Secret" }), { status: [400, 422] }),
      refused("apiVersion", () => merge({ apiVersion: "v2" }), { status: [400, 422] }),
      refused("creation time", () => merge({ metadata: { creationTimestamp: "2001-01-01T00:00:00Z" } }), {
        status: 422,
        reason: "Invalid",
      }),
      refused("a Pod's node", () => merge({ spec: { nodeName: "elsewhere" } }, KEPT_POD), INVALID),
      refused(
        "a Pod's containers",
        (random) => json([{ op: "add", path: "/spec/containers/-", value: { name: freshName(random), image: "x" } }], KEPT_POD),
        INVALID,
      ),
      {
        what: "status through the object is kept as it was",
        make: () => merge({ status: { phase: "Failed" } }, KEPT_POD),
        expected: { status: 200, text: /"phase":"Pending"/ },
      },
    ],
  },
  {
    row: 49,
    name: "finalizers and deletion",
    inputs: [
      {
        what: "a finalizer while it ends",
        make: (random) => (lab) =>
          terminating(lab, freshName(random), { metadata: { finalizers: ["example.com/hold", "example.com/more"] } }),
        expected: { status: [403, 422] },
        stores: true,
      },
      {
        what: "the end taken back",
        make: (random) => (lab) => terminating(lab, freshName(random), { metadata: { deletionTimestamp: null } }),
        expected: { status: 200, text: /"deletionTimestamp"/ },
        stores: true,
      },
      {
        what: "an end set by the client is ignored",
        make: (random) => ({
          method: "POST",
          path: CONFIG_MAPS,
          body: { ...APPLIED, metadata: { name: freshName(random), deletionTimestamp: "2001-01-01T00:00:00Z" } },
        }),
        expected: { status: 201, text: /^(?!.*deletionTimestamp)/ },
        stores: true,
      },
      refused("a finalizer without a name", () => merge({ metadata: { finalizers: ["a b"] } }), {
        ...INVALID,
        field: "metadata.finalizers",
      }),
    ],
  },
];

import { randomInteger, type Random } from "@skiff/base";
import type { Answer, BadInput, Expected, HttpInput, Row } from "./bad-input.ts";
import { configMap, CONFIG_MAPS, DEFINITIONS, definition, freshName, pick, pod, PODS } from "./generators.ts";
import type { Lab } from "./lab.ts";

const BAD_REQUEST: Expected = { status: 400, reason: "BadRequest" };
const INVALID: Expected = { status: 422, reason: "Invalid" };
const KEPT = `${CONFIG_MAPS}/kept`;

const create = (body: object, query = ""): HttpInput => ({ method: "POST", path: `${CONFIG_MAPS}${query}`, body });
const get = (path: string): HttpInput => ({ path });

function refused(what: string, make: BadInput["make"], expected: Expected): BadInput {
  return { what, make, expected };
}

/** A first request that is fine, and the one in question made from its answer. */
function after(first: (random: Random) => HttpInput, next: (answer: { metadata: Record<string, string> }) => HttpInput): BadInput["make"] {
  return (random) => {
    const input = first(random);
    return async (lab) => lab.send(next(JSON.parse((await lab.send(input)).text)));
  };
}

/** Two changes of an object; answers the revision before the first one. */
async function oldRevision(lab: Lab, name: string): Promise<string> {
  const created = await lab.send(create(configMap(name)));
  const body = (value: string): HttpInput => ({
    method: "PATCH",
    path: `${CONFIG_MAPS}/${name}`,
    body: { data: { key: value } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  // Beyond what the history of the watch cache keeps.
  for (let count = 0; count < 70; count++) await lab.send(body(String(count)));
  return (JSON.parse(created.text) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}

async function compacted(lab: Lab, name: string): Promise<string> {
  const revision = await oldRevision(lab, name);
  await lab.store.compact(await lab.store.currentRevision());
  return revision;
}

const FUTURE = (random: Random): string => String(1_000_000 + randomInteger(random, 1_000_000));

/** A `continue` token of the first page of ConfigMaps. */
async function continueToken(lab: Lab, query = ""): Promise<string> {
  const answer = await lab.send(get(`/api/v1/configmaps?limit=1${query}`));
  return (JSON.parse(answer.text) as { metadata: { continue: string } }).metadata.continue;
}

function withToken(
  what: string,
  spoil: (token: string, random: Random) => string,
  expected: Expected = BAD_REQUEST,
  path = "/api/v1/configmaps",
): BadInput {
  return {
    what,
    make: (random) => async (lab) =>
      lab.send(get(`${path}?limit=1&continue=${encodeURIComponent(spoil(await continueToken(lab), random))}`)),
    expected,
  };
}

/** Opens watches beside nearly as many as a user may have; answers the one that was one too many. */
async function floodWatches(lab: Lab): Promise<Answer> {
  const { watchesByUser } = lab.server.core;
  watchesByUser.set("admin", 9996);
  const watch = get(`${CONFIG_MAPS}?watch=true&timeoutSeconds=1&resourceVersion=0`);
  const answers = await Promise.all(Array.from({ length: 6 }, () => lab.send(watch)));
  watchesByUser.delete("admin");
  return answers.find(({ status }) => status !== 200) ?? { status: 200, headers: {}, text: "all were taken" };
}

const UNKNOWN: object = { unknown: 1, data: { key: "v" } };

/** What is wrong in names, queries and revisions: rows 17 to 19, 24 to 27, 30 to 40 and 42. */
export const OPTION_ROWS: readonly Row[] = [
  {
    row: 17,
    name: "another kind or version in the body",
    inputs: [
      ["kind", { kind: "Secret" }],
      ["version", { apiVersion: "v2" }],
      ["group", { apiVersion: "apps/v1" }],
      ["a kind that is no text", { kind: 7 }],
      ["three parts", { apiVersion: "a/b/c" }],
      ["a list", { kind: "ConfigMapList", items: [] }],
    ].map(([what, more]) => refused(what as string, (random) => create(configMap(freshName(random), more as object)), BAD_REQUEST)),
  },
  {
    row: 18,
    name: "another name or namespace in the body",
    inputs: [
      refused(
        "namespace",
        (random) => create(configMap("", { metadata: { name: freshName(random), namespace: "kube-system" } })),
        BAD_REQUEST,
      ),
      refused("name", () => ({ method: "PUT", path: KEPT, body: configMap("other") }), BAD_REQUEST),
      refused("no name", () => ({ method: "PUT", path: KEPT, body: configMap("", { metadata: {} }) }), BAD_REQUEST),
    ],
  },
  {
    row: 19,
    name: "names that are none",
    inputs: [
      ...["Upper", "ü", "a_b", "-a", "a-", ".", "..", "a..b", "a/b", "a b", " ", "a\0", "a%00", "\u202Ea", "a".repeat(254)].map((name) =>
        refused(JSON.stringify(name.slice(0, 20)), () => create(configMap(name)), { ...INVALID, field: "metadata.name" }),
      ),
      refused("empty", () => create(configMap("")), { ...INVALID, field: "metadata.name" }),
      refused(
        "a label of 64 characters for a Service",
        () => ({
          method: "POST",
          path: "/api/v1/namespaces/default/services",
          body: { apiVersion: "v1", kind: "Service", metadata: { name: "a".repeat(64) }, spec: { ports: [{ port: 80 }] } },
        }),
        { ...INVALID, field: "metadata.name" },
      ),
      refused(
        "a random name of odd characters",
        (random) => create(configMap(Array.from({ length: 8 }, () => pick(random, Array.from("A_ :%\\~!@#$^&*()+={}|;'<>?,`"))).join(""))),
        { ...INVALID, field: "metadata.name" },
      ),
    ],
  },
  {
    row: 24,
    name: "unknown fields, Strict",
    inputs: [
      refused("all are named", (random) => create(configMap(freshName(random), { ...UNKNOWN, other: {} }), "?fieldValidation=Strict"), {
        ...BAD_REQUEST,
        text: /unknown field \\"unknown\\".*unknown field \\"other\\"|unknown field \\"other\\".*unknown field \\"unknown\\"/,
      }),
      refused(
        "deep ones",
        (random) => ({ method: "POST", path: `${PODS}?fieldValidation=Strict`, body: pod(freshName(random), {}, { imagine: 1 }) }),
        {
          ...BAD_REQUEST,
          text: /unknown field \\"spec\.containers\[0\]\.imagine\\"/,
        },
      ),
      refused("PUT", () => ({ method: "PUT", path: `${KEPT}?fieldValidation=Strict`, body: configMap("kept", UNKNOWN) }), BAD_REQUEST),
    ],
  },
  {
    row: 25,
    name: "unknown fields in a Strict patch",
    inputs: [
      refused(
        "merge",
        () => ({
          method: "PATCH",
          path: `${KEPT}?fieldValidation=Strict`,
          body: UNKNOWN,
          headers: { "content-type": "application/merge-patch+json" },
        }),
        INVALID,
      ),
      refused(
        "JSON",
        () => ({
          method: "PATCH",
          path: `${KEPT}?fieldValidation=Strict`,
          body: [{ op: "add", path: "/unknown", value: 1 }],
          headers: { "content-type": "application/json-patch+json" },
        }),
        INVALID,
      ),
    ],
  },
  {
    row: 26,
    name: "unknown fields, Warn and Ignore",
    inputs: [
      {
        what: "Warn",
        make: (random) => create(configMap(freshName(random), UNKNOWN)),
        expected: { status: 201, headers: { warning: /299 - "unknown field \\"unknown\\""/ } },
        stores: true,
      },
      {
        what: "Ignore",
        make: (random) => create(configMap(freshName(random), UNKNOWN), "?fieldValidation=Ignore"),
        expected: { status: 201, headers: { warning: /^$/ } },
        stores: true,
      },
    ],
  },
  {
    row: 27,
    name: "options that do not exist",
    inputs: [
      ["fieldValidation=Foo", "fieldValidation"],
      ["dryRun=Some", "dryRun"],
      ["dryRun=All&dryRun=None", "dryRun"],
      [`fieldManager=${"a".repeat(129)}`, "fieldManager"],
      ["fieldManager=a%07", "fieldManager"],
    ]
      .map(([query, field = ""]) =>
        refused(query?.slice(0, 30) ?? "", (random) => create(configMap(freshName(random)), `?${query}`), { ...INVALID, field }),
      )
      .concat([
        refused("propagationPolicy=Foo", () => ({ method: "DELETE", path: `${KEPT}?propagationPolicy=Foo` }), {
          ...INVALID,
          field: "propagationPolicy",
        }),
        refused("dryRun in a deletion", () => ({ method: "DELETE", path: `${KEPT}?dryRun=Foo` }), { ...INVALID, field: "dryRun" }),
        refused(
          "two policies",
          () => ({
            method: "DELETE",
            path: KEPT,
            body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Orphan", orphanDependents: true },
          }),
          INVALID,
        ),
        refused("options of another kind", () => ({ method: "DELETE", path: KEPT, body: configMap("kept") }), BAD_REQUEST),
        refused("a grace period that is none", () => ({ method: "DELETE", path: `${KEPT}?gracePeriodSeconds=soon` }), BAD_REQUEST),
        refused(
          "force for a merge patch",
          () => ({ method: "PATCH", path: `${KEPT}?force=true`, body: {}, headers: { "content-type": "application/merge-patch+json" } }),
          { ...INVALID, field: "force" },
        ),
      ]),
  },
  {
    row: 30,
    name: "creation with a revision",
    inputs: ["1", "abc", "-1", "0"].map((resourceVersion) =>
      refused(resourceVersion, (random) => create(configMap("", { metadata: { name: freshName(random), resourceVersion } })), BAD_REQUEST),
    ),
  },
  {
    row: 31,
    name: "update of an old state",
    inputs: [
      refused(
        "one too old",
        () => ({ method: "PUT", path: KEPT, body: configMap("kept", { metadata: { name: "kept", resourceVersion: "2" } }) }),
        { status: 409, reason: "Conflict" },
      ),
      refused(
        "one too new",
        (random) => ({
          method: "PUT",
          path: KEPT,
          body: configMap("kept", { metadata: { name: "kept", resourceVersion: FUTURE(random) } }),
        }),
        { status: 409, reason: "Conflict" },
      ),
      refused(
        "another uid",
        (random) => ({ method: "PUT", path: KEPT, body: configMap("kept", { metadata: { name: "kept", uid: freshName(random) } }) }),
        { status: 409, reason: "Conflict" },
      ),
      refused(
        "a patch",
        () => ({
          method: "PATCH",
          path: KEPT,
          body: { metadata: { resourceVersion: "2" } },
          headers: { "content-type": "application/merge-patch+json" },
        }),
        { status: 409, reason: "Conflict" },
      ),
      refused("a precondition", () => ({ method: "DELETE", path: KEPT, body: { preconditions: { resourceVersion: "2" } } }), {
        status: 409,
        reason: "Conflict",
      }),
    ],
  },
  {
    row: 32,
    name: "revisions that are none",
    inputs: [
      ...["abc", "-1", "1e3", `1${"0".repeat(30)}`, "0x10", " 1", "1.0"].map((resourceVersion) =>
        refused(
          resourceVersion,
          () => ({ method: "PUT", path: KEPT, body: configMap("kept", { metadata: { name: "kept", resourceVersion } }) }),
          { status: [400, 409, 422] },
        ),
      ),
      {
        what: "none where it must be",
        make: after(
          (random) => ({ method: "POST", path: DEFINITIONS, body: definition(random, { type: "object" }) }),
          ({ metadata }) => ({
            method: "PUT",
            path: `${DEFINITIONS}/${metadata["name"]}`,
            body: {
              apiVersion: "apiextensions.k8s.io/v1",
              kind: "CustomResourceDefinition",
              metadata: { name: metadata["name"] },
              spec: {},
            },
          }),
        ),
        expected: { ...INVALID, field: "metadata.resourceVersion" },
        stores: true,
      },
    ],
  },
  {
    row: 33,
    name: "revisions that are forgotten",
    inputs: [
      {
        what: "a list",
        make: (random) => async (lab) =>
          lab.send(get(`${CONFIG_MAPS}?resourceVersionMatch=Exact&resourceVersion=${await compacted(lab, freshName(random))}`)),
        expected: { status: 410, reason: "Expired" },
        stores: true,
      },
      {
        what: "a watch",
        make: (random) => async (lab) =>
          lab.send(get(`${CONFIG_MAPS}?watch=true&resourceVersion=${await oldRevision(lab, freshName(random))}`)),
        expected: { status: 410, reason: "Expired" },
        stores: true,
      },
      { what: "revision 1", make: () => get(`${CONFIG_MAPS}?watch=true&resourceVersion=1`), expected: { status: 410, reason: "Expired" } },
    ],
  },
  {
    row: 34,
    name: "revisions of the future",
    inputs: ["", "&resourceVersionMatch=Exact", "&resourceVersionMatch=NotOlderThan", "&limit=1"]
      .map((query) =>
        refused(`a list ${query}`, (random) => get(`${CONFIG_MAPS}?resourceVersion=${FUTURE(random)}${query}`), {
          status: 504,
          reason: "Timeout",
          text: /Too large resource version/,
          headers: { "retry-after": /^1$/ },
        }),
      )
      .concat([
        refused("a get", (random) => get(`${KEPT}?resourceVersion=${FUTURE(random)}`), {
          status: 504,
          reason: "Timeout",
          headers: { "retry-after": /^1$/ },
        }),
      ]),
  },
  {
    row: 35,
    name: "watches from what is no revision",
    inputs: ["abc", "-1", "1.5", `1${"0".repeat(30)}`, "0x1"].map((text) =>
      refused(text, () => get(`${CONFIG_MAPS}?watch=true&resourceVersion=${text}`), { ...INVALID, field: "resourceVersion" }),
    ),
  },
  {
    row: 36,
    name: "continue tokens",
    inputs: [
      withToken("random", (_token, random) => Buffer.from(random.bytes(60)).toString("base64url")),
      withToken("one bit changed", (token, random) => {
        const bytes = Buffer.from(token, "base64url");
        const at = randomInteger(random, bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << randomInteger(random, 8));
        return bytes.toString("base64url");
      }),
      withToken("cut", (token, random) => token.slice(0, randomInteger(random, token.length - 4) + 1)),
      withToken("upstream's form", () => Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"../secrets/"}').toString("base64url")),
      withToken("of another resource", (token) => token, BAD_REQUEST, "/api/v1/secrets"),
      withToken("of all namespaces for one", (token) => token, BAD_REQUEST, CONFIG_MAPS),
      {
        what: "with a revision",
        make: () => async (lab) => lab.send(get(`/api/v1/configmaps?limit=1&resourceVersion=5&continue=${await continueToken(lab)}`)),
        expected: BAD_REQUEST,
      },
      {
        what: "of a snapshot that is forgotten: a fresh one is offered",
        make: (random) => async (lab) => {
          const token = await continueToken(lab);
          await compacted(lab, freshName(random));
          return lab.send(get(`/api/v1/configmaps?limit=1&continue=${token}`));
        },
        expected: { status: 410, reason: "Expired", text: /"continue":"[\w-]+"/ },
        stores: true,
      },
    ],
  },
  {
    row: 37,
    name: "numbers in queries",
    inputs: [
      ...["limit=abc", "limit=9223372036854775808", "limit=1.5", "timeoutSeconds=abc", "timeoutSeconds=1e3", "limit=0x1"].map((query) =>
        refused(query, () => get(`${CONFIG_MAPS}?${query}`), BAD_REQUEST),
      ),
      ...["limit=-1", "timeoutSeconds=-1", "timeoutSeconds=99999999999", "limit="].map((query): BadInput => ({
        what: `${query} is everything`,
        make: () => get(`${CONFIG_MAPS}?${query}`),
        expected: { status: 200 },
      })),
    ],
  },
  {
    row: 38,
    name: "floods of watches",
    inputs: [
      {
        what: "more than one user may have",
        make: () => floodWatches,
        expected: { status: 429, reason: "TooManyRequests", headers: { "retry-after": /^1$/ } },
      },
    ],
  },
  {
    row: 39,
    name: "sendInitialEvents",
    inputs: [
      refused("without resourceVersionMatch", () => get(`${CONFIG_MAPS}?watch=true&sendInitialEvents=true`), {
        ...INVALID,
        field: "resourceVersionMatch",
      }),
      refused("with Exact", () => get(`${CONFIG_MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=Exact`), INVALID),
      refused("on a list", () => get(`${CONFIG_MAPS}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=1`), {
        ...INVALID,
        field: "sendInitialEvents",
      }),
      refused("resourceVersionMatch on a plain watch", () => get(`${CONFIG_MAPS}?watch=true&resourceVersionMatch=NotOlderThan`), {
        ...INVALID,
        field: "resourceVersionMatch",
      }),
      refused("an unknown match", () => get(`${CONFIG_MAPS}?resourceVersion=1&resourceVersionMatch=Perhaps`), {
        ...INVALID,
        field: "resourceVersionMatch",
      }),
    ],
  },
  {
    row: 40,
    name: "label selectors",
    inputs: [
      ...["a in ()", "a in (b", "a=(b)", "a,,b", "!", "a notin", "a in b", "=", "a==b==c", "a>x", "-a=b", "a=b c", "a=\u0000"].map(
        (selector) => refused(selector, () => get(`${CONFIG_MAPS}?labelSelector=${encodeURIComponent(selector)}`), BAD_REQUEST),
      ),
      refused(
        "random",
        (random) =>
          get(
            `${CONFIG_MAPS}?labelSelector=${encodeURIComponent(`(${Array.from({ length: 300 }, () => pick(random, Array.from("a=!,() in"))).join("")}`)}`,
          ),
        BAD_REQUEST,
      ),
      {
        what: "many terms in an object",
        make: (random) => ({
          method: "POST",
          path: "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
          body: {
            apiVersion: "networking.k8s.io/v1",
            kind: "NetworkPolicy",
            metadata: { name: freshName(random) },
            spec: {
              podSelector: {
                matchExpressions: Array.from({ length: 20_000 }, (_, index) => ({ key: `k${index}`, operator: "In", values: [] })),
              },
            },
          },
        }),
        expected: INVALID,
      },
    ],
  },
  {
    row: 42,
    name: "field selectors",
    inputs: [
      "spec.foo=bar",
      "metadata.uid=x",
      "data.key=value",
      "metadata.name",
      "=x",
      "metadata.name>a",
      "__proto__=x",
      "metadata.name=a\\",
    ].map((selector) => refused(selector, () => get(`${CONFIG_MAPS}?fieldSelector=${encodeURIComponent(selector)}`), BAD_REQUEST)),
  },
];

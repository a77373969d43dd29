import { randomInteger, type Random } from "@skiff/base";
import type { BadInput, Expected, HttpInput, Row } from "./bad-input.ts";
import { configMap, CONFIG_MAPS, definition, DEFINITIONS, freshName, pick, pod, PODS, service, SERVICES } from "./generators.ts";
import type { Lab } from "./lab.ts";

const INVALID: Expected = { status: 422, reason: "Invalid" };
const post = (path: string, body: object): HttpInput => ({ method: "POST", path, body });
const name = freshName;

function refused(what: string, make: BadInput["make"], field?: string, expected: Expected = INVALID): BadInput {
  return { what, make, expected: { ...expected, ...(field === undefined ? {} : { field }) } };
}

function badPod(what: string, spec: object, field: string, container: object = {}): BadInput {
  return refused(what, (random) => post(PODS, pod(name(random), spec, container)), field);
}

function badService(what: string, spec: object, field?: string): BadInput {
  return refused(what, (random) => post(SERVICES, service(name(random), spec)), field);
}

const withLimits = (cpu: unknown): object => ({ resources: { limits: { cpu } } });
const owner = (index: number, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: `o${index}`,
  uid: `u${index}`,
  ...more,
});
const SCHEMA = "spec.versions[0].schema.openAPIV3Schema";

function badSchema(what: string, schema: (random: Random) => object, field?: string, expected: Expected = INVALID): BadInput {
  return refused(what, (random) => post(DEFINITIONS, definition(random, schema(random))), field, expected);
}

/** Nested as deeply as asked for, in alternation. */
function nestedSchema(depth: number): object {
  let schema: object = { type: "string" };
  for (let level = 0; level < depth; level++)
    schema = level % 2 === 0 ? { type: "array", items: schema } : { type: "object", properties: { a: schema } };
  return schema;
}

/** Defines a kind whose `spec.text` must match the pattern, and answers what a text of 50,000 characters gets. */
async function matchAgainst(lab: Lab, random: Random, schema: object): ReturnType<Lab["send"]> {
  const body = definition(random, { type: "object", properties: { text: schema } }) as {
    spec: { names: { plural: string; kind: string } };
  };
  const defined = await lab.send(post(DEFINITIONS, body));
  if (defined.status !== 201) return defined;
  const path = `/apis/bad.example.com/v1/namespaces/default/${body.spec.names.plural}`;
  const object = {
    apiVersion: "bad.example.com/v1",
    kind: body.spec.names.kind,
    metadata: { name: "a" },
    spec: { text: `${"a".repeat(50_000)}!` },
  };
  for (;;) {
    const answer = await lab.send(post(path, object));
    if (answer.status !== 404) return answer;
  }
}

/** What is wrong in objects: rows 29, 41 and 50 to 56. */
export const OBJECT_ROWS: readonly Row[] = [
  {
    row: 29,
    name: "quantities",
    inputs: [
      ...["1e999999", "0x10", "1 Gi", "--1", "1..5", "Gi", "1KI", "", " ", "NaN", "Infinity", "1e", "١", `${"9".repeat(5000)}x`].map(
        (cpu) =>
          refused(`cpu ${cpu.slice(0, 20)}`, (random) => post(PODS, pod(name(random), {}, withLimits(cpu))), undefined, {
            status: [400, 422],
          }),
      ),
      badPod("a negative cpu", {}, "spec.containers[0].resources.limits[cpu]", withLimits("-1")),
      badPod("a request above its limit", {}, "spec.containers[0].resources.requests", {
        resources: { limits: { cpu: "1" }, requests: { cpu: "2" } },
      }),
      refused("an object", (random) => post(PODS, pod(name(random), {}, withLimits({ a: 1 }))), undefined, {
        status: 400,
        reason: "BadRequest",
      }),
    ],
  },
  {
    row: 41,
    name: "regular expressions of users",
    inputs: [
      {
        what: "a pattern that takes JavaScript for ever",
        make: (random) => (lab) => matchAgainst(lab, random, { type: "string", pattern: "^(a+)+$" }),
        expected: { ...INVALID, field: "spec.text" },
        stores: true,
      },
      {
        what: "the same in a rule",
        make: (random) => (lab) =>
          matchAgainst(lab, random, {
            type: "string",
            maxLength: 100_000,
            "x-kubernetes-validations": [{ rule: "self.matches('^(a|aa)+$')" }],
          }),
        expected: { ...INVALID, field: "spec.text" },
        stores: true,
      },
      badSchema("looking ahead", () => ({ type: "string", pattern: "(?=a)b" }), `${SCHEMA}.properties[spec].pattern`),
      badSchema("a reference back", () => ({ type: "string", pattern: String.raw`(a)\1` }), `${SCHEMA}.properties[spec].pattern`),
      badSchema(
        "repetitions of repetitions",
        () => ({ type: "string", pattern: "((a{1000}){1000}){1000}" }),
        `${SCHEMA}.properties[spec].pattern`,
      ),
      badSchema(
        "an open group",
        (random) => ({ type: "string", pattern: pick(random, ["(", "[", "a{", "*"].slice(0, 2)) }),
        `${SCHEMA}.properties[spec].pattern`,
      ),
    ],
  },
  {
    row: 50,
    name: "owner references",
    inputs: [
      refused(
        "two controllers",
        (random) =>
          post(
            CONFIG_MAPS,
            configMap("", {
              metadata: { name: name(random), ownerReferences: [owner(1, { controller: true }), owner(2, { controller: true })] },
            }),
          ),
        "metadata.ownerReferences",
      ),
      refused(
        "no uid",
        (random) => post(CONFIG_MAPS, configMap("", { metadata: { name: name(random), ownerReferences: [owner(1, { uid: "" })] } })),
        "metadata.ownerReferences.uid",
      ),
      refused(
        "an Event",
        (random) => post(CONFIG_MAPS, configMap("", { metadata: { name: name(random), ownerReferences: [owner(1, { kind: "Event" })] } })),
        "metadata.ownerReferences",
      ),
      {
        what: "very many",
        make: (random) =>
          post(
            CONFIG_MAPS,
            configMap("", {
              metadata: { name: name(random), ownerReferences: Array.from({ length: 10_000 }, (_, index) => owner(index)) },
            }),
          ),
        expected: { status: [201, 422] },
        stores: true,
      },
      {
        what: "one twice: a warning",
        make: (random) => post(CONFIG_MAPS, configMap("", { metadata: { name: name(random), ownerReferences: [owner(1), owner(1)] } })),
        expected: { status: 201, headers: { warning: /duplicate entries|ownerReferences/ } },
        stores: true,
      },
      {
        what: "itself",
        make: (random) =>
          post(CONFIG_MAPS, configMap("", { metadata: { name: name(random), ownerReferences: [owner(1, { name: "self" })] } })),
        expected: { status: 201 },
        stores: true,
      },
    ],
  },
  {
    row: 51,
    name: "objects that are too large",
    inputs: [
      refused(
        "annotations",
        (random) =>
          post(
            CONFIG_MAPS,
            configMap("", { metadata: { name: name(random), annotations: { a: "x".repeat(262_144 + randomInteger(random, 1000)) } } }),
          ),
        "metadata.annotations",
      ),
      refused(
        "many annotations",
        (random) =>
          post(
            CONFIG_MAPS,
            configMap("", {
              metadata: {
                name: name(random),
                annotations: Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`key-${index}`, "value"])),
              },
            }),
          ),
        "metadata.annotations",
      ),
      refused("a ConfigMap", (random) => post(CONFIG_MAPS, configMap(name(random), { data: { a: "x".repeat(1_048_577) } }))),
      refused(
        "a Secret",
        (random) =>
          post("/api/v1/namespaces/default/secrets", {
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: name(random) },
            data: { a: Buffer.alloc(1_048_577).toString("base64") },
          }),
        "data",
      ),
      refused(
        "a label",
        (random) => post(CONFIG_MAPS, configMap("", { metadata: { name: name(random), labels: { a: "x".repeat(64) } } })),
        "metadata.labels",
      ),
      refused(
        "many wrong labels",
        (random) =>
          post(
            CONFIG_MAPS,
            configMap("", {
              metadata: {
                name: name(random),
                labels: Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`-${index}`, "-"])),
              },
            }),
          ),
        "metadata.labels",
      ),
      {
        what: "many keys in data",
        make: (random) =>
          post(
            CONFIG_MAPS,
            configMap(name(random), { data: Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, ""])) }),
          ),
        expected: { status: 201 },
        stores: true,
      },
      refused(
        "many containers",
        (random) => post(PODS, pod(name(random), { containers: Array.from({ length: 20_000 }, () => ({ name: "c", image: "x" })) })),
        "spec.containers[1].name",
      ),
    ],
  },
  {
    row: 52,
    name: "definitions of custom resources",
    inputs: [
      badSchema("a reference", () => ({ $ref: "#/definitions/spec" })),
      badSchema("nested too deeply", () => nestedSchema(150)),
      badSchema("20,000 properties", () => ({
        type: "object",
        properties: Object.fromEntries(Array.from({ length: 20_001 }, (_, index) => [`p${index}`, { type: "string" }])),
      })),
      badSchema("no type", () => ({ properties: {} }), `${SCHEMA}.properties[spec].type`),
      badSchema("a property named __proto__ without a type", () => ({
        type: "object",
        properties: JSON.parse('{"__proto__":{"properties":{}}}') as object,
      })),
      badSchema("a default that does not fit", () => ({ type: "object", properties: { a: { type: "string", default: 7 } } })),
      badSchema(
        "a rule that is no expression",
        () => ({ type: "string", "x-kubernetes-validations": [{ rule: "self ==" }] }),
        `${SCHEMA}.properties[spec].x-kubernetes-validations[0].rule`,
      ),
      badSchema("loops in loops in loops", () => ({
        type: "object",
        properties: { a: { type: "array", items: { type: "string" } } },
        "x-kubernetes-validations": [{ rule: `${"self.a.all(x, ".repeat(8)}true${")".repeat(8)}` }],
      })),
      badSchema("a rule of 100,000 characters", () => ({
        type: "string",
        "x-kubernetes-validations": [{ rule: `self == ${"(".repeat(50_000)}''${")".repeat(50_000)}` }],
      })),
      refused(
        "two stored versions",
        (random) => {
          const version = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } };
          return post(DEFINITIONS, definition(random, {}, {}, { versions: [version, { ...version, name: "v2" }] }));
        },
        "spec.versions",
      ),
      refused(
        "a webhook without an address",
        (random) =>
          post(
            DEFINITIONS,
            definition(
              random,
              { type: "object" },
              {},
              { conversion: { strategy: "Webhook", webhook: { conversionReviewVersions: ["v1"] } } },
            ),
          ),
        "spec.conversion.webhookClientConfig",
      ),
      refused(
        "a webhook over plain HTTP",
        (random) =>
          post(
            DEFINITIONS,
            definition(
              random,
              { type: "object" },
              {},
              {
                conversion: {
                  strategy: "Webhook",
                  webhook: { conversionReviewVersions: ["v1"], clientConfig: { url: "http://127.0.0.1/convert" } },
                },
              },
            ),
          ),
        "spec.conversion.webhookClientConfig.url",
      ),
      refused("a protected group", (random) => post(DEFINITIONS, definition(random, { type: "object" }, {}, { group: "apps" }))),
    ],
  },
  {
    row: 53,
    name: "addresses and ports",
    inputs: [
      ...["010.1.1.1", "::ffff:10.0.0.1", "256.1.1.1", "1.1.1", "a", "fe80::1%eth0", "1.1.1.1/32"].flatMap((ip) => [
        badService(`external address ${ip}`, { externalIPs: [ip] }, "spec.externalIPs[0]"),
        badService(`cluster address ${ip}`, { clusterIP: ip }),
      ]),
      ...[0, 65_536, -1].map((port) => badService(`port ${port}`, { ports: [{ port }] }, "spec.ports[0].port")),
      badService(
        "one port twice",
        {
          ports: [
            { name: "a", port: 80 },
            { name: "b", port: 80 },
          ],
        },
        "spec.ports[1]",
      ),
      badService("an address outside the range", { clusterIP: "192.0.2.1" }),
      badService("a node port outside the range", { type: "NodePort", ports: [{ port: 80, nodePort: 22 }] }, "spec.ports[0].nodePort"),
      badService("loopback", { externalIPs: ["127.0.0.1"] }, "spec.externalIPs[0]"),
      refused(
        "a node port that is taken",
        (random) => post(SERVICES, service(name(random), { type: "NodePort", ports: [{ port: 80, nodePort: 30_080 }] })),
        "spec.ports[0].nodePort",
      ),
      badPod("a host port above 65535", {}, "spec.containers[0].ports[0].hostPort", { ports: [{ containerPort: 80, hostPort: 65_536 }] }),
    ],
  },
  {
    row: 54,
    name: "volumes",
    skipped: "subPath and symbolic links: at the mount, by the kubelet, which is not here",
    inputs: [
      badPod("a host path upwards", { volumes: [{ name: "v", hostPath: { path: "/var/../etc" } }] }, "spec.volumes[0].hostPath.path"),
      badPod("a name with a slash", { volumes: [{ name: "a/b", emptyDir: {} }] }, "spec.volumes[0].name"),
      badPod("a name upwards", { volumes: [{ name: "..", emptyDir: {} }] }, "spec.volumes[0].name"),
      ...["../x", "a/../../b", "/etc", ".."].map((subPath) =>
        badPod(`subPath ${subPath}`, { volumes: [{ name: "v", emptyDir: {} }] }, "spec.containers[0].volumeMounts.subPath", {
          volumeMounts: [{ name: "v", mountPath: "/v", subPath }],
        }),
      ),
      badPod("a mount without its volume", {}, "spec.containers[0].volumeMounts[0].name", {
        volumeMounts: [{ name: "none", mountPath: "/v" }],
      }),
      badPod(
        "a projected file upwards",
        { volumes: [{ name: "v", configMap: { name: "kept", items: [{ key: "key", path: "../x" }] } }] },
        "spec.volumes[0].configMap.items[0].path",
      ),
      refused("a key upwards", (random) => post(CONFIG_MAPS, configMap(name(random), { data: { "../x": "y" } })), "data[../x]"),
      refused("a key that is ..", (random) => post(CONFIG_MAPS, configMap(name(random), { data: { "..": "y" } })), "data[..]"),
    ],
  },
  {
    row: 55,
    name: "images, commands and environments",
    skipped: "log paths: made by the kubelet, which is not here",
    inputs: [
      badPod("no image", {}, "spec.containers[0].image", { image: "" }),
      badPod("an image with spaces around", {}, "spec.containers[0].image", { image: " nginx" }),
      badPod("a variable with an equals sign", {}, "spec.containers[0].env[0].name", { env: [{ name: "A=B", value: "x" }] }),
      badPod("a variable without a name", {}, "spec.containers[0].env[0].name", { env: [{ name: "", value: "x" }] }),
      badPod("a variable with NUL", {}, "spec.containers[0].env[0].name", { env: [{ name: "A\0B", value: "x" }] }),
      badPod("a container with a path for a name", {}, "spec.containers[0].name", { name: "../c" }),
      {
        what: "shell text in a command is kept as it is",
        make: (random) => post(PODS, pod(name(random), {}, { command: ["sh", "-c", "$(rm -rf /); `x`\n"] })),
        expected: { status: 201, text: /\$\(rm -rf \/\); `x`\\n/ },
        stores: true,
      },
    ],
  },
  {
    row: 56,
    name: "text for packet rules in names",
    skipped: "the rules themselves: made by the proxy, as data, which is not here",
    inputs: [
      ...['a"; flush ruleset; #', "a}", "a\nb", "a;b", "a#b"].map((text) =>
        refused(JSON.stringify(text), (random) => post(SERVICES, service(text + name(random), {})), "metadata.name"),
      ),
      badService("in a port's name", { ports: [{ name: 'a"; drop', port: 80 }] }, "spec.ports[0].name"),
      refused(
        "in a namespace",
        () => post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: 'a"; drop' } }),
        "metadata.name",
      ),
      badService("in a protocol", { ports: [{ port: 80, protocol: "TCP; drop" }] }, "spec.ports[0].protocol"),
    ],
  },
];

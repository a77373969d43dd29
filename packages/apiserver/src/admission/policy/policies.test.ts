import {
  builtInSchemas,
  isStatus,
  type Deployment,
  type MutatingAdmissionPolicySpec,
  type ValidatingAdmissionPolicySpec,
} from "@skiff/api";
import { describe, expect, it } from "vitest";
import { MemoryObjectReader } from "../../memory-object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";
import { withoutObjectLiterals } from "../cel/object-literal.ts";
import { admit, testKind, testRequest, type TestRequest } from "../test-request.ts";
import { MutatingAdmissionPolicies } from "./mutating-policies.ts";
import { ValidatingAdmissionPolicies } from "./validating-policies.ts";

const RULES = [{ operations: ["CREATE", "UPDATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"] }];
const authorizer = { authorize: () => ({ decision: "noOpinion" as const }) };
const resourceOf = (_apiVersion: string, kind: string): ReturnType<typeof testKind> | undefined =>
  kind === "ConfigMap" ? testKind("ConfigMap") : undefined;

function setUp(spec: ValidatingAdmissionPolicySpec, binding: object = {}) {
  const reader = new MemoryObjectReader()
    .put(RESOURCES.namespaces, { metadata: { name: "default", labels: { env: "test" } } })
    .put(RESOURCES.validatingAdmissionPolicies, {
      metadata: { name: "limit" },
      spec: { matchConstraints: { resourceRules: RULES }, ...spec },
    })
    .put(RESOURCES.validatingAdmissionPolicyBindings, {
      metadata: { name: "everywhere" },
      spec: { policyName: "limit", validationActions: ["Deny"], ...binding },
    });
  return { reader, plugin: new ValidatingAdmissionPolicies(reader, authorizer, resourceOf) };
}

const deployment = (replicas: number): object => ({
  metadata: { name: "web", labels: { a: "b" } },
  spec: { replicas, template: { spec: { containers: [{ name: "c", image: "i" }] } } },
});
const create = (replicas = 5, more: Partial<TestRequest> = {}): ReturnType<typeof testRequest> =>
  testRequest({ kind: "Deployment", object: deployment(replicas), ...more });

async function outcome(spec: ValidatingAdmissionPolicySpec, binding: object = {}, request = create()): Promise<string> {
  try {
    await admit(setUp(spec, binding).plugin, request);
    return "";
  } catch (error) {
    return isStatus(error) ? `${error.code} ${error.reason} ${error.message}` : String(error);
  }
}

const DENIED = `deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'limit' with binding 'everywhere' denied request: `;

describe("validating policies", () => {
  it.each<[string, ValidatingAdmissionPolicySpec, string]>([
    ["that hold", { validations: [{ expression: "object.spec.replicas <= 5" }] }, ""],
    [
      "that do not hold",
      { validations: [{ expression: "object.spec.replicas <= 3" }] },
      `422 Invalid ${DENIED}failed expression: object.spec.replicas <= 3`,
    ],
    ["with a message", { validations: [{ expression: "false", message: "no", reason: "Forbidden" }] }, `403 Forbidden ${DENIED}no`],
    [
      "with a computed message",
      { validations: [{ expression: "false", messageExpression: "'has ' + string(object.spec.replicas)", message: "no" }] },
      `422 Invalid ${DENIED}has 5`,
    ],
    [
      "whose message fails",
      { validations: [{ expression: "false", messageExpression: "object.nope", message: "no" }] },
      `422 Invalid ${DENIED}no`,
    ],
    [
      "with variables",
      {
        variables: [
          { name: "images", expression: "object.spec.template.spec.containers.map(c, c.image)" },
          { name: "broken", expression: "object.nope" },
        ],
        validations: [{ expression: "variables.images.all(i, i != 'i')", message: "image" }],
      },
      `422 Invalid ${DENIED}image`,
    ],
    [
      "that fail",
      { validations: [{ expression: "object.spec.nope == 1" }] },
      `422 Invalid ${DENIED}expression 'object.spec.nope == 1' resulted in error: No such key: nope`,
    ],
    ["that fail and are ignored", { failurePolicy: "Ignore", validations: [{ expression: "object.spec.nope == 1" }] }, ""],
    [
      "that are no expressions",
      { validations: [{ expression: "object." }] },
      `422 Invalid ${DENIED}expression 'object.' resulted in error: compilation failed`,
    ],
    [
      "whose condition is false",
      { matchConditions: [{ name: "c", expression: "request.userInfo.username != 'jane'" }], validations: [{ expression: "false" }] },
      "",
    ],
    [
      "that know the namespace",
      { validations: [{ expression: "namespaceObject.metadata.labels.env != 'test'", message: "ns" }] },
      `422 Invalid ${DENIED}ns`,
    ],
    [
      "that compare with the old object",
      { validations: [{ expression: "oldObject == null || object.spec.replicas == oldObject.spec.replicas" }] },
      "",
    ],
    [
      "that ask what the user may do",
      { validations: [{ expression: "authorizer.requestResource.check('scale').allowed()", message: "scale" }] },
      `422 Invalid ${DENIED}scale`,
    ],
    [
      "about something else",
      { matchConstraints: { resourceRules: [{ ...RULES[0], resources: ["daemonsets"] }] }, validations: [{ expression: "false" }] },
      "",
    ],
    [
      "that exclude it",
      { matchConstraints: { resourceRules: RULES, excludeResourceRules: RULES }, validations: [{ expression: "false" }] },
      "",
    ],
  ])("%s", async (_name, spec, expected) => {
    const result = await outcome(spec);
    if (expected === "") expect(result).toBe("");
    else expect(result.startsWith(expected)).toBe(true);
  });

  it("are bound to some objects only", async () => {
    const spec = { validations: [{ expression: "false" }] };
    expect(await outcome(spec, { matchResources: { namespaceSelector: { matchLabels: { env: "prod" } } } })).toBe("");
    expect(await outcome(spec, { policyName: "other" })).toBe("");
  });

  it("warn and note instead of refusing", async () => {
    const request = create();
    const annotations = [{ key: "replicas", valueExpression: "'is ' + string(object.spec.replicas)" }];
    expect(
      await outcome(
        { validations: [{ expression: "false", message: "no" }], auditAnnotations: annotations },
        { validationActions: ["Warn", "Audit"] },
        request,
      ),
    ).toBe("");
    expect(request.warnings).toEqual(["Validation failed for ValidatingAdmissionPolicy 'limit' with binding 'everywhere': no"]);
    expect(JSON.parse(request.annotations.get("validation.policy.admission.k8s.io/validation_failure") ?? "")).toEqual([
      { message: "no", policy: "limit", binding: "everywhere", expressionIndex: 0, validationActions: ["Warn", "Audit"] },
    ]);
    expect(request.annotations.get("limit/replicas")).toBe("is 5");
  });

  describe("with parameters", () => {
    const spec = {
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      validations: [{ expression: "object.spec.replicas <= int(params.data.max)" }],
    };
    const run = async (binding: object, policy: ValidatingAdmissionPolicySpec = spec): Promise<string> => {
      const { reader, plugin } = setUp(policy, binding);
      reader.put(RESOURCES.configMaps, { metadata: { namespace: "default", name: "low", labels: { use: "limits" } }, data: { max: "3" } });
      reader.put(RESOURCES.configMaps, { metadata: { namespace: "other", name: "high", labels: { use: "limits" } }, data: { max: "30" } });
      return admit(plugin, create()).then(
        () => "",
        (error: unknown) => String(error),
      );
    };

    it("take them by name or by label, from the request's namespace unless another is named", async () => {
      expect(await run({ paramRef: { name: "low" } })).toContain("failed expression");
      expect(await run({ paramRef: { name: "high", namespace: "other" } })).toBe("");
      expect(await run({ paramRef: { selector: { matchLabels: { use: "limits" } } } })).toContain("failed expression");
    });

    it("fail when they are not there, unless that is allowed", async () => {
      expect(await run({ paramRef: { name: "x" } })).toContain("no params found for policy binding with `Deny` parameterNotFoundAction");
      expect(await run({ paramRef: { name: "x", parameterNotFoundAction: "Allow" } })).toBe("");
      expect(await run({ paramRef: { name: "x" } }, { ...spec, paramKind: { apiVersion: "x/v1", kind: "Y" } })).toContain(
        "failed to find resource referenced by paramKind",
      );
    });
  });
});

describe("mutating policies", () => {
  async function mutate(spec: MutatingAdmissionPolicySpec): Promise<Deployment> {
    const reader = new MemoryObjectReader()
      .put(RESOURCES.namespaces, { metadata: { name: "default" } })
      .put(RESOURCES.mutatingAdmissionPolicies, { metadata: { name: "m" }, spec: { matchConstraints: { resourceRules: RULES }, ...spec } })
      .put(RESOURCES.mutatingAdmissionPolicyBindings, { metadata: { name: "b" }, spec: { policyName: "m" } });
    return admit<Deployment>(new MutatingAdmissionPolicies(reader, authorizer, resourceOf, builtInSchemas()), create());
  }

  it("merge what they answer by the merge keys of the kind", async () => {
    const expression =
      'Object{metadata: Object.metadata{labels: {"team": "red"}}, spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "sidecar", image: "s"}]}}}}';
    const result = await mutate({ mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }] });
    expect(result.metadata?.labels).toEqual({ a: "b", team: "red" });
    expect(result.spec?.template.spec?.containers.map(({ name }) => name).sort()).toEqual(["c", "sidecar"]);
    expect(result.spec?.replicas).toBe(5);
  });

  it("apply JSON patches, one after the other", async () => {
    const result = await mutate({
      mutations: [
        {
          patchType: "JSONPatch",
          jsonPatch: { expression: '[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("x/y"), value: "1"}]' },
        },
        {
          patchType: "JSONPatch",
          jsonPatch: {
            expression:
              '"x/y" in object.metadata.labels ? [JSONPatch{op: "replace", path: "/spec/replicas", value: object.spec.replicas + 1}] : []',
          },
        },
      ],
    });
    expect(result.metadata?.labels).toEqual({ a: "b", "x/y": "1" });
    expect(result.spec?.replicas).toBe(6);
  });

  it("that fail refuse, or change nothing", async () => {
    const mutations = [
      { patchType: "JSONPatch", jsonPatch: { expression: '[JSONPatch{op: "remove", path: "/metadata/labels"}]' } },
      { patchType: "JSONPatch", jsonPatch: { expression: "object.nope" } },
    ];
    await expect(mutate({ mutations })).rejects.toThrow("policy 'm' with binding 'b' denied request: No such key: nope");
    expect((await mutate({ mutations, failurePolicy: "Ignore" })).metadata?.labels).toEqual({ a: "b" });
  });
});

it.each([
  ["Object{spec: Object.spec{replicas: 3}}", '{"spec":{"replicas":3}}'],
  ['JSONPatch{op: "add", ?value: optional.of(1)}', '{"op":"add","?value":optional.of(1)}'],
  ["a in b ? {x: 1} : {'y{': 2}", "a in b ?{x :1}:{'y{':2}"],
  ['object.spec.replicas > 1 && object.items.all(i, i.n == "Object{")', 'object.spec.replicas >1&&object.items.all (i ,i.n =="Object{")'],
])("object literals of %s", (expression, rewritten) => {
  expect(withoutObjectLiterals(expression).replaceAll(/\s+/g, "")).toBe(rewritten.replaceAll(/\s+/g, ""));
});

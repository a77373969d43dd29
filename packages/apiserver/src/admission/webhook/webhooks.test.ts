import { isStatus, type ConfigMap, type MutatingWebhook, type Pod, type ValidatingWebhook } from "@skiff/api";
import { testHost } from "@skiff/base/testing";
import { describe, expect, it } from "vitest";
import { MemoryObjectReader } from "../../memory-object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";
import { MatchConditions } from "../policy/match-conditions.ts";
import { AdmissionChain } from "../reinvocation.ts";
import { ServiceAccountAdmission } from "../service-account.ts";
import { admit, testRequest, type TestRequest } from "../test-request.ts";
import type { ReviewRequest } from "./admission-review.ts";
import { MutatingAdmissionWebhook } from "./mutating-webhooks.ts";
import { ValidatingAdmissionWebhook } from "./validating-webhooks.ts";
import { WebhookCaller } from "./webhook-caller.ts";
import type { WebhookTarget } from "./webhook-transport.ts";

type Answer = (review: ReviewRequest, target: WebhookTarget) => object | Promise<object>;

const RULE = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], scope: "*" };
const webhook = (more: Partial<MutatingWebhook & ValidatingWebhook> = {}): MutatingWebhook & ValidatingWebhook => ({
  name: "check.example.com",
  admissionReviewVersions: ["v1"],
  clientConfig: { service: { namespace: "hooks", name: "check", path: "admit" } },
  rules: [RULE],
  sideEffects: "None",
  failurePolicy: "Fail",
  ...more,
});

function setUp(answer: Answer, ...webhooks: (MutatingWebhook & ValidatingWebhook)[]) {
  const host = testHost();
  const seen: { request: ReviewRequest; target: WebhookTarget }[] = [];
  const reader = new MemoryObjectReader()
    .put(RESOURCES.namespaces, { metadata: { name: "default", labels: { team: "red" } } })
    .put(RESOURCES.mutatingWebhookConfigurations, { metadata: { name: "m" }, webhooks })
    .put(RESOURCES.validatingWebhookConfigurations, { metadata: { name: "v" }, webhooks });
  const transport = {
    async post(target: WebhookTarget, body: unknown): Promise<unknown> {
      const { request } = structuredClone(body) as { request: ReviewRequest };
      seen.push({ request, target });
      return {
        kind: "AdmissionReview",
        apiVersion: "admission.k8s.io/v1",
        response: { uid: request.uid, ...(await answer(request, target)) },
      };
    },
  };
  const caller = new WebhookCaller(host, reader, transport, new MatchConditions({ authorize: () => ({ decision: "allow" }) }));
  return {
    host,
    reader,
    seen,
    mutating: new MutatingAdmissionWebhook(reader, caller),
    validating: new ValidatingAdmissionWebhook(reader, caller),
  };
}

const patch = (...operations: object[]): object => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});
const create = (more: Partial<TestRequest> = {}): ReturnType<typeof testRequest> =>
  testRequest({ kind: "ConfigMap", object: { metadata: { name: "x", labels: { app: "a" } } }, ...more });
const allow: Answer = () => ({ allowed: true });

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => "accepted",
    (caught: unknown) => caught,
  );
  return isStatus(error) ? `${error.code} ${error.message}` : String(error);
}

describe("webhooks are shown", () => {
  it("what is asked, by whom, and where", async () => {
    const { seen, validating } = setUp(allow, webhook());
    await admit(validating, create());
    expect(seen[0]?.target).toEqual({
      url: "https://check.hooks.svc:443/admit",
      service: { namespace: "hooks", name: "check", port: 443 },
    });
    expect(seen[0]?.request).toMatchObject({
      kind: { group: "", version: "v1", kind: "ConfigMap" },
      resource: { group: "", version: "v1", resource: "configmaps" },
      name: "x",
      namespace: "default",
      operation: "CREATE",
      userInfo: { username: "jane", groups: ["system:authenticated"] },
      object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } },
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    });
  });

  it.each<[string, Partial<ValidatingWebhook>, Partial<TestRequest>, boolean]>([
    ["their resource", {}, {}, true],
    ["no other resource", { rules: [{ ...RULE, resources: ["secrets"] }] }, {}, false],
    ["no other operation", { rules: [{ ...RULE, operations: ["UPDATE"] }] }, {}, false],
    ["anything for *", { rules: [{ ...RULE, operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"] }] }, {}, true],
    ["no subresources for *", { rules: [{ ...RULE, operations: ["*"], resources: ["*"] }] }, { subresource: "status" }, false],
    ["subresources for */*", { rules: [{ ...RULE, operations: ["*"], resources: ["*/*"] }] }, { subresource: "status" }, true],
    ["no namespaced objects for Cluster", { rules: [{ ...RULE, scope: "Cluster" }] }, {}, false],
    ["objects by label", { objectSelector: { matchLabels: { app: "a" } } }, {}, true],
    ["no other labels", { objectSelector: { matchLabels: { app: "b" } } }, {}, false],
    ["namespaces by label", { namespaceSelector: { matchLabels: { team: "red" } } }, {}, true],
    ["no other namespaces", { namespaceSelector: { matchLabels: { team: "blue" } } }, {}, false],
    [
      "what conditions pick",
      { matchConditions: [{ name: "c", expression: "request.userInfo.username == 'jane' && object.metadata.name == 'x'" }] },
      {},
      true,
    ],
    [
      "not what they do not pick",
      { matchConditions: [{ name: "c", expression: "!('system:nodes' in request.userInfo.groups) && object.metadata.name != 'x'" }] },
      {},
      false,
    ],
    [
      "not what failing conditions pick, when failures are ignored",
      { failurePolicy: "Ignore", matchConditions: [{ name: "c", expression: "object.nope == 1" }] },
      {},
      false,
    ],
    [
      "not their own configuration",
      { rules: [{ ...RULE, operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"] }] },
      { kind: "ValidatingWebhookConfiguration" },
      false,
    ],
  ])("%s", async (_name, more, request, isSeen) => {
    const { seen, validating } = setUp(allow, webhook(more));
    await admit(validating, create(request));
    expect(seen).toHaveLength(isSeen ? 1 : 0);
  });
});

describe("webhooks that say no", () => {
  it.each<[object, string]>([
    [{ message: "not today", code: 403, reason: "Forbidden" }, '403 admission webhook "check.example.com" denied the request: not today'],
    [{ message: "fine?", code: 200 }, '400 admission webhook "check.example.com" denied the request: fine?'],
    [{}, '400 admission webhook "check.example.com" denied the request without explanation'],
  ])("with %j", async (status, message) => {
    const { validating } = setUp(() => ({ allowed: false, status }), webhook());
    expect(await failure(admit(validating, create()))).toBe(message);
  });

  it("hand on warnings and annotations of others", async () => {
    const { validating } = setUp(() => ({ allowed: true, warnings: ["old"], auditAnnotations: { k: "v" } }), webhook());
    const request = create();
    await admit(validating, request);
    expect(request.warnings).toEqual(["old"]);
    expect(request.annotations.get("check.example.com/k")).toBe("v");
  });
});

describe("webhooks that fail", () => {
  const broken: Answer = () => {
    throw new Error("connection refused");
  };

  it("refuse or are ignored, as their policy says", async () => {
    const strict = setUp(broken, webhook());
    expect(await failure(admit(strict.validating, create()))).toBe(
      '500 Internal error occurred: failed calling webhook "check.example.com": failed to call webhook: ' +
        'Post "https://check.hooks.svc:443/admit?timeout=10s": connection refused',
    );
    await admit(setUp(broken, webhook({ failurePolicy: "Ignore" })).validating, create());
  });

  it("by answering another request", async () => {
    const { validating } = setUp(() => ({ allowed: true, uid: "other" }), webhook());
    expect(await failure(admit(validating, create()))).toContain("expected response.uid=");
  });

  it("by answering too late", async () => {
    const { host, validating } = setUp(() => new Promise<object>(() => {}), webhook({ timeoutSeconds: 2 }));
    const admitted = failure(admit(validating, create()));
    await host.clock.advance("2s");
    expect(await admitted).toContain('Post "https://check.hooks.svc:443/admit?timeout=2s": context deadline exceeded');
  });

  it("when they have side effects in a dry run", async () => {
    const { seen, validating } = setUp(allow, webhook({ sideEffects: "Some" }));
    expect(await failure(admit(validating, create({ dryRun: true })))).toBe(
      '400 admission webhook "check.example.com" does not support dry run',
    );
    expect(seen).toHaveLength(0);
  });
});

describe("webhooks that change objects", () => {
  it("do so in place, one after the other", async () => {
    const first = webhook({ name: "a" });
    const second = webhook({ name: "b" });
    const { seen, mutating } = setUp(
      (review) =>
        review.object?.metadata?.labels?.["first"] === undefined
          ? patch({ op: "add", path: "/metadata/labels/first", value: "1" })
          : patch({ op: "add", path: "/data", value: { k: "v" } }),
      first,
      second,
    );
    const request = create();
    const { object } = request;
    const result = await admit<ConfigMap>(mutating, request);
    expect(result).toBe(object);
    expect(result).toMatchObject({ metadata: { labels: { app: "a", first: "1" } }, data: { k: "v" } });
    expect(seen).toHaveLength(2);
  });

  it("with patches that do not apply are errors", async () => {
    const { mutating } = setUp(() => patch({ op: "remove", path: "/nope/x" }), webhook());
    expect(await failure(admit(mutating, create()))).toMatch(/^500 .*cannot apply the patch/);
  });

  it("let the built-in plug-ins see what was added, and run again themselves when they ask for it", async () => {
    const rule = { ...RULE, resources: ["pods"] };
    const names: string[] = [];
    const { host, reader, mutating } = setUp(
      (review) => {
        const pod = review.object as Pod;
        names.push(review.object?.metadata?.name ?? "");
        return pod.spec?.containers.some(({ name }) => name === "sidecar")
          ? { allowed: true }
          : patch({ op: "add", path: "/spec/containers/-", value: { name: "sidecar" } });
      },
      webhook({ name: "inject", rules: [rule], reinvocationPolicy: "IfNeeded" }),
      webhook({ name: "never", rules: [rule] }),
    );
    reader.put(RESOURCES.serviceAccounts, { metadata: { namespace: "default", name: "default" } });
    const chain = new AdmissionChain([new ServiceAccountAdmission(host, reader), mutating]);
    const pod = await admit<Pod>(
      chain,
      testRequest({ kind: "Pod", object: { metadata: { name: "web" }, spec: { containers: [{ name: "c" }] } } }),
    );
    expect(pod.spec?.containers.map(({ name, volumeMounts }) => [name, volumeMounts?.length])).toEqual([
      ["c", 1],
      ["sidecar", 1],
    ]);
    // Both once; then the first again, because the token was mounted into what it had added.
    expect(names).toHaveLength(3);
  });
});

import { afterEach, describe, expect, it } from "vitest";
import {
  customResourceDefinitionKind,
  type CustomResourceDefinition,
  type KubeObject,
  type Resource,
  type Status,
  type WatchEvent,
} from "@skiff/api";
import type { WebhookTransport } from "../admission/webhook/webhook-transport.ts";
import { startTestApiServer, type TestApiServer } from "../testing.ts";

interface Widget extends KubeObject {
  spec?: { size?: string; width?: number; height?: number; colour?: string };
}

const widgets = (version: string): Resource<Widget> => ({
  group: "example.com",
  version,
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
});

const text = { type: "string" };
const whole = { type: "integer" };
const schemaOf = (properties: object): object => ({
  openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } },
});

/** v1 says `size: 3x4`; v2 says `width: 3, height: 4`, and has a column and a field to select by. */
const definition = (storage: "v1" | "v2", conversion: CustomResourceDefinition["spec"]["conversion"]): CustomResourceDefinition =>
  ({
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: storage === "v1",
          deprecated: true,
          schema: schemaOf({ size: text, colour: text }),
          selectableFields: [{ jsonPath: ".spec.size" }],
        },
        {
          name: "v2",
          served: true,
          storage: storage === "v2",
          schema: schemaOf({ width: whole, height: whole, colour: { ...text, default: "red" } }),
          selectableFields: [{ jsonPath: ".spec.width" }, { jsonPath: ".spec.colour" }],
          additionalPrinterColumns: [{ name: "Width", type: "integer", jsonPath: ".spec.width" }],
        },
      ],
      ...(conversion === undefined ? {} : { conversion }),
    },
  }) as CustomResourceDefinition;

const WEBHOOK: CustomResourceDefinition["spec"]["conversion"] = {
  strategy: "Webhook",
  webhook: { conversionReviewVersions: ["v1"], clientConfig: { url: "https://convert.example.com/widgets" } },
};

interface Review {
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: Widget[] };
}

/** What a webhook's author writes. */
function converted(object: Widget, apiVersion: string): Widget {
  const { size, width, height, ...rest } = object.spec ?? {};
  if (apiVersion.endsWith("/v1")) return { ...object, apiVersion, spec: { ...rest, size: `${width}x${height}` } };
  const [w = 0, h = 0] = (size ?? "").split("x").map(Number);
  return { ...object, apiVersion, spec: { ...rest, width: w, height: h } };
}

let api: TestApiServer;
let asked: string[] = [];
let answer: (review: Review) => unknown;
afterEach(() => api.stop());

const honest = ({ request: { uid, desiredAPIVersion, objects } }: Review): unknown => ({
  kind: "ConversionReview",
  apiVersion: "apiextensions.k8s.io/v1",
  response: { uid, result: { status: "Success" }, convertedObjects: objects.map((object) => converted(object, desiredAPIVersion)) },
});

async function start(storage: "v1" | "v2" = "v1", conversion = WEBHOOK): Promise<void> {
  asked = [];
  answer = honest;
  const conversionWebhooks: WebhookTransport = {
    post: async ({ url }, body) => {
      const review = structuredClone(body) as Review;
      asked.push(`${url} ${review.request.objects.length} to ${review.request.desiredAPIVersion}`);
      return answer(review);
    },
  };
  api = await startTestApiServer({ compose: () => ({ conversionWebhooks }) });
  await api.client().resource(customResourceDefinitionKind).create(definition(storage, conversion));
  await api.clock.settle();
}

const ref = (name: string): { name: string; namespace: string } => ({ name, namespace: "default" });
const refusal = async (attempt: Promise<unknown>): Promise<Status | undefined> =>
  attempt.then(
    () => undefined,
    (error: { status?: Status }) => error.status,
  );

/** Makes the other version the stored one. */
async function storeAs(version: "v1" | "v2"): Promise<void> {
  const definitions = api.client().resource(customResourceDefinitionKind);
  const live = await definitions.get({ name: "widgets.example.com" });
  await definitions.update({ ...live, spec: definition(version, WEBHOOK).spec });
  await api.clock.settle();
}

describe("conversion by a webhook", () => {
  it("shows what was written in one version in the other, each by its own schema", async () => {
    await start();
    const [v1, v2] = [api.client().resource(widgets("v1")), api.client().resource(widgets("v2"))];
    await v1.create({ metadata: { ...ref("a"), labels: { x: "y" } }, spec: { size: "3x4" } });
    const shown = await v2.get(ref("a"));
    expect(shown).toMatchObject({ apiVersion: "example.com/v2", kind: "Widget", spec: { width: 3, height: 4, colour: "red" } });
    expect(shown.metadata).toMatchObject({ labels: { x: "y" }, uid: (await v1.get(ref("a"))).metadata?.uid });
    expect(await refusal(v2.create({ metadata: ref("b"), spec: { width: "wide" as unknown as number } }))).toMatchObject({
      reason: "Invalid",
      message: expect.stringContaining("spec.width"),
    });
  });

  it("stores what is written in the version that is not stored, and changes it there", async () => {
    await start();
    const [v1, v2] = [api.client().resource(widgets("v1")), api.client().resource(widgets("v2"))];
    expect((await v2.create({ metadata: ref("a"), spec: { width: 3, height: 4 } })).spec).toEqual({ width: 3, height: 4, colour: "red" });
    await v2.patch(ref("a"), { spec: { height: 5 } });
    expect((await v1.get(ref("a"))).spec).toEqual({ size: "3x5", colour: "red" });
    const live = await v2.get(ref("a"));
    const updated = await v2.update({ ...live, spec: { width: 9, height: 9 } });
    expect(updated).toMatchObject({
      apiVersion: "example.com/v2",
      spec: { width: 9, height: 9, colour: "red" },
      metadata: { generation: 3 },
    });
    expect(updated.metadata?.managedFields?.map((entry) => entry.apiVersion)).toEqual(["example.com/v2"]);
    // The same again changes nothing.
    expect((await v2.update(updated)).metadata?.resourceVersion).toBe(updated.metadata?.resourceVersion);
    expect(await refusal(v2.update({ ...live, spec: { width: 1 } }))).toMatchObject({ reason: "Conflict" });
    await v2.delete(ref("a"));
    expect((await v1.list()).items).toEqual([]);
  });

  it("converts a list in one question, and each object once", async () => {
    await start();
    const [v1, v2] = [api.client().resource(widgets("v1")), api.client().resource(widgets("v2"))];
    for (const name of ["a", "b", "c"]) await v1.create({ metadata: ref(name), spec: { size: "1x2" } });
    asked = [];
    for (let count = 0; count < 2; count++) expect((await v2.list()).items.map(({ spec }) => spec?.height)).toEqual([2, 2, 2]);
    expect(asked).toEqual(["https://convert.example.com/widgets 3 to example.com/v2"]);
  });

  it("watches in either version, in order, the initial objects first", async () => {
    await start();
    const v1 = api.client().resource(widgets("v1"));
    await v1.create({ metadata: ref("a"), spec: { size: "1x1" } });
    const seen: string[] = [];
    const onEvents = (events: readonly WatchEvent[]): void =>
      void seen.push(...events.map(({ type, object }) => `${type} ${object.apiVersion} ${(object as Widget).spec?.width ?? ""}`));
    const watch = await api.server.transport({ name: "test", groups: [] }).watch(
      {
        method: "GET",
        path: "/apis/example.com/v2/widgets",
        query: { watch: true, allowWatchBookmarks: true, sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" },
      },
      onEvents,
    );
    await api.clock.settle();
    await v1.patch(ref("a"), { spec: { size: "2x2" } });
    await v1.delete(ref("a"));
    await api.clock.settle();
    watch.close();
    expect(seen).toEqual(["ADDED example.com/v2 1", "BOOKMARK example.com/v2 ", "MODIFIED example.com/v2 2", "DELETED example.com/v2 2"]);
  });

  it("selects by the fields of the request's version", async () => {
    await start();
    const [v1, v2] = [api.client().resource(widgets("v1")), api.client().resource(widgets("v2"))];
    const namesOf = async (resource: typeof v2, fieldSelector: string): Promise<string[]> =>
      (await resource.list({ fieldSelector })).items.map(({ metadata }) => metadata?.name ?? "");
    const seen: string[] = [];
    const watchOf = (version: string, fieldSelector: string) =>
      api.server
        .transport({ name: "test", groups: [] })
        .watch({ method: "GET", path: `/apis/example.com/${version}/widgets`, query: { watch: true, fieldSelector } }, (events) => {
          for (const { type, object } of events) seen.push(`${version} ${type} ${(object as Widget).metadata?.name}`);
        });
    const watches = [await watchOf("v2", "spec.width=3,spec.colour!=blue"), await watchOf("v1", "spec.size=3x4")];
    await v2.create({ metadata: ref("a"), spec: { width: 3, height: 4 } });
    await v2.create({ metadata: ref("b"), spec: { width: 3, height: 5 } });
    await v2.create({ metadata: ref("c"), spec: { width: 4, height: 9 } });
    await api.clock.settle();
    expect(await namesOf(v2, "spec.width=3")).toEqual(["a", "b"]);
    expect(await namesOf(v2, "spec.width=3,metadata.name!=a")).toEqual(["b"]);
    expect(await namesOf(v2, "spec.colour=red")).toEqual(["a", "b", "c"]);
    expect(await namesOf(v1, "spec.size=3x4")).toEqual(["a"]);
    expect(await refusal(namesOf(v1, "spec.width=3"))).toMatchObject({ reason: "BadRequest" });
    expect(seen.splice(0).sort()).toEqual(["v1 ADDED a", "v2 ADDED a", "v2 ADDED b"]);

    // It stays, changes within the selection, leaves it, comes back, and goes for good.
    await v2.patch(ref("b"), { spec: { height: 6 } });
    await v2.patch(ref("b"), { spec: { colour: "blue" } });
    await v2.patch(ref("c"), { spec: { width: 3 } });
    await v2.deleteCollection({ namespace: "default", fieldSelector: "spec.width=3,spec.colour=red" });
    await api.clock.settle();
    for (const watch of watches) watch.close();
    expect(seen.filter((line) => line.startsWith("v1"))).toEqual(["v1 DELETED a"]);
    expect(seen.filter((line) => line.startsWith("v2"))).toEqual([
      "v2 MODIFIED b",
      "v2 DELETED b",
      "v2 ADDED c",
      "v2 DELETED a",
      "v2 DELETED c",
    ]);
    expect((await v1.list()).items.map(({ metadata }) => metadata?.name)).toEqual(["b"]);
  });

  it("pages through what is selected by fields of the request's version", async () => {
    await start();
    const v2 = api.client().resource(widgets("v2"));
    for (const [index, width] of [1, 2, 1, 2, 1].entries()) await v2.create({ metadata: ref(`w${index}`), spec: { width, height: 1 } });
    const names: string[] = [];
    let continueToken: string | undefined;
    do {
      const page = await v2.list({ fieldSelector: "spec.width=1", limit: 2, ...(continueToken ? { continue: continueToken } : {}) });
      expect(page.items.length).toBeLessThanOrEqual(2);
      expect(page.metadata?.remainingItemCount).toBeUndefined();
      names.push(...page.items.map(({ metadata }) => metadata?.name ?? ""));
      continueToken = page.metadata?.continue;
    } while (continueToken);
    expect(names).toEqual(["w0", "w2", "w4"]);
  });

  it("goes on with objects that were stored when another version was the stored one, and rewrites them at the next write", async () => {
    await start("v1");
    const [v1, v2] = [api.client().resource(widgets("v1")), api.client().resource(widgets("v2"))];
    await v1.create({ metadata: ref("a"), spec: { size: "3x4" } });
    await storeAs("v2");
    const { status } = await api.client().resource(customResourceDefinitionKind).get({ name: "widgets.example.com" });
    expect(status?.storedVersions).toEqual(["v1", "v2"]);
    const stored = async (): Promise<string> =>
      Buffer.from((await api.store.range({ key: "/registry/example.com/widgets/default/a" })).kvs[0]?.value ?? []).toString();
    expect(await stored()).toContain('"apiVersion":"example.com/v1"');
    expect((await v1.get(ref("a"))).spec).toEqual({ size: "3x4" });
    const live = await v2.get(ref("a"));
    expect(live.spec).toEqual({ width: 3, height: 4, colour: "red" });
    await v2.update(live);
    expect(await stored()).toContain('"apiVersion":"example.com/v2"');
  });

  it.each<[string, (review: Review) => unknown, RegExp]>([
    [
      "does not answer",
      () => Promise.reject(new Error("connection refused")),
      /conversion webhook for example.com\/v1, Kind=Widget failed: Post "https:[^"]+": connection refused/,
    ],
    [
      "says no",
      ({ request: { uid } }) => ({
        ...(honest({ request: { uid, desiredAPIVersion: "", objects: [] } }) as object),
        response: { uid, result: { status: "Failure", message: "too old" } },
      }),
      /failed: too old/,
    ],
    ["answers another question", (review) => honest({ request: { ...review.request, uid: "other" } }), /expected response.uid/],
    ["loses objects", (review) => honest({ request: { ...review.request, objects: [] } }), /returned 0 objects, expected 1/],
    [
      "renames",
      (review) =>
        honest({
          request: { ...review.request, objects: [{ ...review.request.objects[0], metadata: { name: "other", namespace: "default" } }] },
        }),
      /must have the same name/,
    ],
    [
      "does not convert",
      (review) => {
        const { uid, objects } = review.request;
        return {
          kind: "ConversionReview",
          apiVersion: "apiextensions.k8s.io/v1",
          response: { uid, result: { status: "Success" }, convertedObjects: objects },
        };
      },
      /invalid groupVersion \(expected example.com\/v2, received example.com\/v1\)/,
    ],
    ["is no webhook", () => "hello", /expected apiextensions.k8s.io\/v1, Kind=ConversionReview/],
  ])("is an error of the request when the webhook %s, and works again later", async (_what, wrong, message) => {
    await start();
    const [v1, v2] = [api.client().resource(widgets("v1")), api.client().resource(widgets("v2"))];
    await v1.create({ metadata: ref("a"), spec: { size: "3x4" } });
    answer = wrong;
    for (const attempt of [v2.get(ref("a")), v2.list(), v2.patch(ref("a"), { spec: { width: 1 } })]) {
      expect(await refusal(attempt)).toMatchObject({ code: 500, reason: "InternalError", message: expect.stringMatching(message) });
    }
    expect((await v1.get(ref("a"))).spec).toEqual({ size: "3x4" });
    answer = honest;
    expect((await v2.get(ref("a"))).spec).toMatchObject({ width: 3 });
  });

  it("does not wait for ever", async () => {
    await start();
    await api
      .client()
      .resource(widgets("v1"))
      .create({ metadata: ref("a"), spec: { size: "3x4" } });
    answer = () => new Promise(() => {});
    const attempt = refusal(api.client().resource(widgets("v2")).get(ref("a")));
    await api.clock.advance("31s");
    expect(await attempt).toMatchObject({ code: 500, message: expect.stringContaining("context deadline exceeded") });
  });

  it("leaves metadata alone but for labels and annotations", async () => {
    await start();
    await api
      .client()
      .resource(widgets("v1"))
      .create({ metadata: ref("a"), spec: { size: "3x4" } });
    answer = (review) => {
      const [object] = review.request.objects;
      const metadata = {
        ...object?.metadata,
        labels: { a: "b" },
        finalizers: ["example.com/x"],
        creationTimestamp: "2001-01-01T00:00:00Z",
      };
      return honest({ request: { ...review.request, objects: [{ ...object, metadata }] } });
    };
    const { metadata } = await api.client().resource(widgets("v2")).get(ref("a"));
    expect(metadata?.labels).toEqual({ a: "b" });
    expect(metadata?.finalizers).toBeUndefined();
    expect(metadata?.creationTimestamp).not.toContain("2001");
  });
});

describe("versions without conversion", () => {
  it("differ in their schemas, defaults and columns; fields that a version does not have are not shown in it", async () => {
    await start("v1", { strategy: "None" });
    const [v1, v2] = [api.client().resource(widgets("v1")), api.client().resource(widgets("v2"))];
    await v1.create({ metadata: ref("a"), spec: { size: "3x4" } });
    expect(await v2.get(ref("a"))).toMatchObject({ apiVersion: "example.com/v2", spec: { colour: "red" } });
    expect((await v2.get(ref("a"))).spec?.size).toBeUndefined();
    expect((await v1.get(ref("a"))).spec).toEqual({ size: "3x4" });
    expect(asked).toEqual([]);
  });

  it("warns of the deprecated one", async () => {
    await start("v2", { strategy: "None" });
    const answered = await api.server
      .transport({ name: "test", groups: [] })
      .request({ method: "GET", path: "/apis/example.com/v1/widgets" });
    expect(answered.headers["warning"]).toContain("example.com/v1 Widget is deprecated");
  });
});

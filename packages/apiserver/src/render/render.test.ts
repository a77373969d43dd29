import { describe, expect, it } from "vitest";
import { configMapKind, horizontalPodAutoscalerKind, isStatus, podKind, type KindDefinition, type KubeObject } from "@skiff/api";
import { WatchedChange } from "../registry/cache-event.ts";
import { ObjectCodec } from "../registry/object-codec.ts";
import { StoredObject } from "../registry/stored-object.ts";
import { ServedResources, type ServedResource } from "../served-resources.ts";
import { encodeList, encodeObject } from "./encode-reply.ts";
import { negotiate, PLAIN_JSON, type AnswerType, type Representation } from "./representation.ts";
import { WatchEncoder } from "./watch-encoder.ts";

const NOW = Date.parse("2026-01-01T00:05:00Z");
const TABLE: Representation = { format: "json", shape: { kind: "Table", version: "v1" }, pretty: false };

const resources = new ServedResources();
for (const kind of [configMapKind, podKind, horizontalPodAutoscalerKind]) resources.add(kind as unknown as KindDefinition, {});

function served(group: string, version: string, plural: string): ServedResource {
  const resource = resources.find(group, version, plural);
  if (resource === undefined) throw new Error(`${plural} is not served`);
  return resource;
}

const configMaps = served("", "v1", "configmaps");

function store(resource: ServedResource, fields: Record<string, unknown>, revision: number): StoredObject {
  const metadata = { name: "a", namespace: "ns", creationTimestamp: "2026-01-01T00:00:00Z", ...(fields["metadata"] as object | undefined) };
  return new StoredObject(new ObjectCodec(resource.kind), { ...fields, metadata } as KubeObject, revision);
}

function options(representation: Representation = PLAIN_JSON, includeObject: "None" | "Metadata" | "Object" = "Metadata") {
  return { representation, includeObject, nowMs: NOW };
}

function text({ parts }: { readonly parts: readonly Uint8Array[] }): string {
  return Buffer.concat(parts).toString();
}

describe("negotiation", () => {
  const kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
  it.each<[accept: string | undefined, answer: AnswerType, expected: Partial<Representation> | "406"]>([
    [undefined, "object", { format: "json", shape: undefined }],
    ["*/*", "list", { format: "json", shape: undefined }],
    ["application/*", "list", { format: "json" }],
    ["application/yaml", "object", { format: "yaml" }],
    ["application/yaml", "watch", "406"],
    ["application/yaml;q=0.1, application/json;q=0.9", "object", { format: "json" }],
    ["application/vnd.kubernetes.protobuf, application/json", "object", { format: "json" }],
    ["application/vnd.kubernetes.protobuf", "object", "406"],
    ["text/html", "object", "406"],
    ["*/*;q=x", "object", "406"],
    [kubectl, "list", { shape: { kind: "Table", version: "v1" } }],
    [kubectl, "watch", { shape: { kind: "Table", version: "v1" } }],
    [kubectl, "other", { shape: undefined }],
    [kubectl, "review", { shape: undefined }],
    ["application/json;as=Table;v=v1;g=meta.k8s.io", "review", "406"],
    ["application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "review", { shape: { kind: "PartialObjectMetadata", version: "v1" } }],
    ["application/json;as=Table;v=v2;g=meta.k8s.io", "list", "406"],
    ["application/json;as=Chair;v=v1;g=meta.k8s.io", "list", "406"],
    [
      "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
      "list",
      { shape: { kind: "PartialObjectMetadataList", version: "v1" } },
    ],
    ["application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "list", "406"],
    ["application/json;stream=watch", "watch", { format: "json" }],
    ["application/json;stream=watch", "list", "406"],
    ["application/json; pretty=1", "object", { pretty: true }],
  ])("%s for %s", (accept, answer, expected) => {
    if (expected !== "406") {
      expect(negotiate(accept, answer, false)).toMatchObject(expected);
      return;
    }
    let error: unknown;
    try {
      negotiate(accept, answer, false);
    } catch (caught) {
      error = caught;
    }
    expect(isStatus(error, "NotAcceptable")).toBe(true);
  });
});

describe("objects and lists", () => {
  it("carry their revision and end with a line break", () => {
    const encoded = encodeObject(
      { type: "object", status: 200, resource: configMaps, stored: store(configMaps, { data: { k: "v" } }, 7) },
      options(),
    );
    expect(text(encoded)).toBe(
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"7","name":"a","namespace":"ns","creationTimestamp":"2026-01-01T00:00:00Z"},"data":{"k":"v"}}\n',
    );
  });

  it("name the kind once, at the list", () => {
    const items = [store(configMaps, {}, 7), store(configMaps, { metadata: { name: "b" } }, 9)];
    const list = JSON.parse(
      text(encodeList({ type: "list", resource: configMaps, items, metadata: { resourceVersion: "10" } }, options())),
    ) as Record<string, unknown>;
    expect(list).toMatchObject({ kind: "ConfigMapList", apiVersion: "v1", metadata: { resourceVersion: "10" } });
    expect(list["items"]).toEqual([
      { metadata: { resourceVersion: "7", name: "a", namespace: "ns", creationTimestamp: "2026-01-01T00:00:00Z" } },
      { metadata: { resourceVersion: "9", name: "b", namespace: "ns", creationTimestamp: "2026-01-01T00:00:00Z" } },
    ]);
  });

  it("name the kind at every item of a custom resource", () => {
    const resource = { ...configMaps, structural: true };
    const list = text(encodeList({ type: "list", resource, items: [store(configMaps, {}, 7)], metadata: {} }, options()));
    expect(JSON.parse(list)).toMatchObject({ items: [{ kind: "ConfigMap", apiVersion: "v1" }] });
  });

  it("come in the version that was asked for", () => {
    const stored = store(
      served("autoscaling", "v2", "horizontalpodautoscalers"),
      { spec: { maxReplicas: 3, scaleTargetRef: { kind: "Deployment", name: "d" } } },
      7,
    );
    const resource = served("autoscaling", "v1", "horizontalpodautoscalers");
    expect(JSON.parse(text(encodeObject({ type: "object", status: 200, resource, stored }, options())))).toMatchObject({
      apiVersion: "autoscaling/v1",
      metadata: { resourceVersion: "7" },
      spec: { maxReplicas: 3 },
    });
  });

  it("are YAML that YAML 1.1 readers understand, and JSON for people", () => {
    const stored = store(configMaps, { data: { on: "yes", octal: "0777", text: "a: b\n" } }, 7);
    const reply = { type: "object", status: 200, resource: configMaps, stored } as const;
    expect(text(encodeObject(reply, options({ format: "yaml", pretty: false })))).toBe(
      'apiVersion: v1\ndata:\n  octal: "0777"\n  "on": "yes"\n  text: |\n    a: b\nkind: ConfigMap\nmetadata:\n  creationTimestamp: "2026-01-01T00:00:00Z"\n  name: a\n  namespace: ns\n  resourceVersion: "7"\n',
    );
    expect(text(encodeObject(reply, options({ format: "json", pretty: true })))).toMatch(/^\{\n {2}"kind": "ConfigMap",\n/);
  });
});

describe("tables", () => {
  const pods = served("", "v1", "pods");
  const pod = store(
    pods,
    { spec: { nodeName: "n1", containers: [{ name: "c" }, { name: "d" }] }, status: { phase: "Running", podIP: "10.0.0.1" } },
    7,
  );

  it("have the columns of the kind and a row for each object", () => {
    const table = JSON.parse(
      text(encodeList({ type: "list", resource: pods, items: [pod], metadata: { resourceVersion: "10" } }, options(TABLE))),
    ) as {
      columnDefinitions: { name: string; priority: number }[];
      rows: { cells: unknown[]; object: unknown }[];
    };
    expect(table).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1", metadata: { resourceVersion: "10" } });
    expect(table.columnDefinitions.map(({ name, priority }) => [name, priority])).toEqual([
      ["Name", 0],
      ["Ready", 0],
      ["Status", 0],
      ["Restarts", 0],
      ["Age", 0],
      ["IP", 1],
      ["Node", 1],
      ["Nominated Node", 1],
      ["Readiness Gates", 1],
    ]);
    expect(table.rows).toEqual([
      {
        cells: ["a", "0/2", "Running", "0", "5m", "10.0.0.1", "n1", "<none>", "<none>"],
        object: {
          kind: "PartialObjectMetadata",
          apiVersion: "meta.k8s.io/v1",
          metadata: { name: "a", namespace: "ns", creationTimestamp: "2026-01-01T00:00:00Z", resourceVersion: "7" },
        },
      },
    ]);
  });

  it.each([
    ["None", null],
    ["Object", { kind: "Pod", metadata: { resourceVersion: "7" }, spec: { nodeName: "n1" } }],
  ] as const)("carry with includeObject=%s", (includeObject, expected) => {
    const { rows } = JSON.parse(
      text(encodeObject({ type: "object", status: 200, resource: pods, stored: pod }, options(TABLE, includeObject))),
    ) as { rows: [{ object: unknown }] };
    if (expected === null) expect(rows[0].object).toBeNull();
    else expect(rows[0].object).toMatchObject(expected);
  });
});

describe("watch events", () => {
  function encoder(representation: Representation): WatchEncoder {
    return new WatchEncoder({ resource: configMaps, representation, includeObject: "Metadata", now: () => NOW });
  }

  function lines(bytes: Buffer): Record<string, unknown>[] {
    return bytes
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  const changes = [
    new WatchedChange("ADDED", store(configMaps, {}, 7)),
    new WatchedChange("DELETED", store(configMaps, {}, 7).atRevision(8)),
  ];

  it("are one line each, with the object as stored", () => {
    expect(lines(encoder(PLAIN_JSON).changes(changes))).toMatchObject([
      { type: "ADDED", object: { kind: "ConfigMap", metadata: { resourceVersion: "7" } } },
      { type: "DELETED", object: { kind: "ConfigMap", metadata: { resourceVersion: "8" } } },
    ]);
  });

  it("repeat the columns of a table in the first one only", () => {
    const [first, second] = lines(encoder(TABLE).changes(changes)) as {
      object: { kind: string; columnDefinitions: unknown; rows: unknown[] };
    }[];
    expect(first?.object).toMatchObject({
      kind: "Table",
      columnDefinitions: [{ name: "Name" }, { name: "Data" }, { name: "Age" }],
      rows: [{ cells: ["a", 0, "5m"] }],
    });
    expect(second?.object.columnDefinitions).toBeNull();
  });

  it("mark the end of the initial state", () => {
    expect(lines(encoder(PLAIN_JSON).bookmark(9, true))).toEqual([
      {
        type: "BOOKMARK",
        object: {
          kind: "ConfigMap",
          apiVersion: "v1",
          metadata: { resourceVersion: "9", annotations: { "k8s.io/initial-events-end": "true" } },
        },
      },
    ]);
  });
});

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ALL_VERBS, type KindDefinition, type Verb } from "../kind.ts";
import { apiVersionOf } from "../resource.ts";
import { allKinds } from "./all-kinds.ts";

const specification = fileURLToPath(new URL("../../../../../shared/openapi/swagger-1.36.json.gz", import.meta.url));
const whyNot = existsSync(specification) ? "" : " (skipped: the official specification is not beside the repository)";

interface Swagger {
  paths: Record<string, Record<string, { "x-kubernetes-action"?: string; "x-kubernetes-group-version-kind"?: { kind: string } }>>;
  definitions: Record<string, { "x-kubernetes-group-version-kind"?: { group: string; version: string; kind: string }[] }>;
}

const swagger: Swagger = whyNot
  ? { paths: {}, definitions: {} }
  : (JSON.parse(gunzipSync(readFileSync(specification)).toString("utf8")) as Swagger);

const VERB_OF_ACTION: Record<string, Verb> = {
  post: "create",
  delete: "delete",
  deletecollection: "deletecollection",
  get: "get",
  list: "list",
  patch: "patch",
  put: "update",
};

/** Every group, version and plural of `kind` that is served. */
function served(kind: KindDefinition): { group: string; version: string; schema: string }[] {
  return [kind, ...(kind.otherVersions ?? []).map((other) => ({ group: kind.group, ...other }))];
}

function root(kind: KindDefinition, version: { group: string; version: string }): string {
  const prefix = version.group === "" ? "/api" : "/apis";
  return `${prefix}/${apiVersionOf(version)}${kind.namespaced ? "/namespaces/{namespace}" : ""}/${kind.plural}`;
}

const rows = allKinds.flatMap((kind) => served(kind).map((version) => ({ name: `${apiVersionOf(version)} ${kind.kind}`, kind, version })));

describe.skipIf(whyNot !== "")(`every kind against the official specification${whyNot}`, () => {
  it.each(rows)("$name", ({ kind, version }) => {
    const at = root(kind, version);
    const actions = [at, `${at}/{name}`].flatMap((path) =>
      Object.values(swagger.paths[path] ?? {}).map((operation) => operation["x-kubernetes-action"]),
    );
    const verbs = actions.flatMap((action) => (action && VERB_OF_ACTION[action]) ?? []);
    const { verbs: own = ALL_VERBS } = kind;
    // Watching is not an operation of its own in the document; every kind that lists it has it, computed ones aside.
    expect(own.filter((verb) => verb !== "watch").toSorted()).toEqual([...new Set(verbs)].toSorted());

    const prefix = `${at}/{name}/`;
    const subresources = Object.keys(swagger.paths)
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length).split("/")[0] ?? "");
    const expected = [...(kind.statusSubresource ? ["status"] : []), ...(kind.scale ? ["scale"] : []), ...(kind.subresources ?? [])];
    expect(expected.toSorted()).toEqual([...new Set(subresources)].toSorted());

    const types = swagger.definitions[version.schema]?.["x-kubernetes-group-version-kind"];
    expect(types).toContainEqual({ group: version.group, version: version.version, kind: kind.kind });
  });

  it("has every stable resource", () => {
    const known = new Set(rows.map(({ kind, version }) => root(kind, version)));
    const stable = Object.keys(swagger.paths).filter(
      (path) => /^\/(?:api|apis\/[^/]+)\/v\d+\/(?:namespaces\/\{namespace\}\/)?[a-z]+$/.test(path) && !path.includes("/watch/"),
    );
    const all = Object.entries(swagger.paths)
      .filter(
        ([path, operations]) => stable.includes(path) && Object.values(operations).some((one) => one["x-kubernetes-group-version-kind"]),
      )
      .filter(([, operations]) => operations.post !== undefined)
      .map(([path]) => path);
    expect(all.filter((path) => !known.has(path))).toEqual([]);
  });
});

describe("names", () => {
  it("are used once", () => {
    const names = allKinds.flatMap((kind) => [kind.plural, ...(kind.shortNames ?? [])].map((name) => `${kind.group}/${name}`));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    const short = allKinds.flatMap((kind) => kind.shortNames ?? []);
    expect(new Set(short).size).toBe(short.length);
  });
});

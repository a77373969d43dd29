import { PATCH_TYPES } from "../protocol.ts";
import type { GroupVersionKind } from "../schema/schema.ts";
import { PARAMETER_SETS } from "./parameters.ts";
import { capitalize, groupVersionPath, groupWords, listSchemaName, type ServedKind } from "./served-kind.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** An operation of the API, in no particular version of OpenAPI. */
export interface Operation {
  readonly path: string;
  readonly method: "get" | "put" | "post" | "delete" | "patch" | "head" | "options";
  /** `x-kubernetes-action`. */
  readonly action: string;
  /** The kind that is spoken about; absent for discovery. */
  readonly subject?: GroupVersionKind;
  readonly id: string;
  readonly description: string;
  readonly tag: string;
  /** Names of query parameters. */
  readonly query: readonly string[];
  /** The definition of the body. */
  readonly body?: string;
  readonly bodyRequired?: boolean;
  /** Definitions of the answers by code; undefined for text. */
  readonly answers: Readonly<Record<number, string | undefined>>;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
}

const ANY_TYPE = ["*/*"];
const JSON_TYPES = ["application/json", "application/yaml"];
const WATCH_TYPES = [...JSON_TYPES, "application/json;stream=watch"];

/** Subresources whose body is another kind than the object: what to post to them. */
const POSTED: ReadonlyMap<string, { schema: string; kind: GroupVersionKind }> = new Map([
  ["binding", { schema: "io.k8s.api.core.v1.Binding", kind: { group: "", version: "v1", kind: "Binding" } }],
  ["eviction", { schema: "io.k8s.api.policy.v1.Eviction", kind: { group: "policy", version: "v1", kind: "Eviction" } }],
  [
    "token",
    { schema: "io.k8s.api.authentication.v1.TokenRequest", kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" } },
  ],
]);

const SCALE = { schema: "io.k8s.api.autoscaling.v1.Scale", kind: { group: "autoscaling", version: "v1", kind: "Scale" } };

/** Every operation on a kind and its subresources. */
export function operationsOf(kind: ServedKind): Operation[] {
  const builder = new OperationBuilder(kind);
  return [...builder.collection(), ...builder.item(), ...kind.subresources.flatMap((name) => builder.subresource(name))];
}

/** The discovery operation of a group version. */
export function discoveryOperation(group: string, version: string): Operation {
  return {
    path: `${groupVersionPath({ group, version })}/`,
    method: "get",
    action: "get",
    id: `get${groupWords(group)}${capitalize(version)}APIResources`,
    description: "get available resources",
    tag: tagOf(group, version),
    query: [],
    answers: { 200: `${META}.APIResourceList` },
    consumes: JSON_TYPES,
    produces: JSON_TYPES,
  };
}

function tagOf(group: string, version: string): string {
  const words = groupWords(group);
  return `${words.slice(0, 1).toLowerCase()}${words.slice(1)}_${version}`;
}

type Details = Pick<Operation, "method" | "action" | "description"> & Partial<Operation> & { verb: string; suffix?: string };

class OperationBuilder {
  readonly #kind: ServedKind;
  readonly #prefix: string;
  readonly #collection: string;
  readonly #item: string;

  constructor(kind: ServedKind) {
    this.#kind = kind;
    this.#prefix = `${groupWords(kind.group)}${capitalize(kind.version)}`;
    const scope = kind.namespaced ? "/namespaces/{namespace}" : "";
    this.#collection = `${groupVersionPath(kind)}${scope}/${kind.plural}`;
    this.#item = `${this.#collection}/{name}`;
  }

  collection(): Operation[] {
    const { kind, schema, verbs, namespaced, plural } = this.#kind;
    const path = this.#collection;
    const operations: Operation[] = [];
    const listed = { method: "get", action: "list", description: `list or watch objects of kind ${kind}`, verb: "list" } as const;
    const list = { ...listed, query: PARAMETER_SETS.list, answers: { 200: listSchemaName(this.#kind) }, produces: WATCH_TYPES };
    if (verbs.includes("list")) operations.push(this.#operation({ ...list, path }));
    if (verbs.includes("list") && namespaced) {
      const everywhere = `${groupVersionPath(this.#kind)}/${plural}`;
      const id = `list${this.#prefix}${kind}ForAllNamespaces`;
      operations.push({ ...this.#operation({ ...list, path: everywhere }), id });
    }
    if (verbs.includes("create")) {
      const answers = { 200: schema, 201: schema, 202: schema };
      const details = { method: "post", action: "post", description: `create ${article(kind)} ${kind}`, verb: "create", path } as const;
      operations.push(this.#operation({ ...details, query: PARAMETER_SETS.write, body: schema, bodyRequired: true, answers }));
    }
    if (verbs.includes("deletecollection")) {
      const query = [...PARAMETER_SETS.list.filter((name) => name !== "watch" && name !== "allowWatchBookmarks"), ...PARAMETER_SETS.delete];
      const description = `delete collection of ${kind}`;
      const id = `delete${this.#prefix}Collection${this.#scopeWord()}${kind}`;
      const details = { method: "delete", action: "deletecollection", description, verb: "delete", path, query } as const;
      operations.push({ ...this.#operation({ ...details, body: `${META}.DeleteOptions`, answers: { 200: `${META}.Status` } }), id });
    }
    return operations;
  }

  item(): Operation[] {
    const { kind, schema, verbs } = this.#kind;
    const operations = this.#readAndWrite(this.#item, schema, `the specified ${kind}`, "", verbs);
    if (verbs.includes("delete")) {
      const answers = { 200: `${META}.Status`, 202: `${META}.Status` };
      const details = { method: "delete", action: "delete", description: `delete ${article(kind)} ${kind}`, verb: "delete" } as const;
      const body = `${META}.DeleteOptions`;
      operations.push(this.#operation({ ...details, path: this.#item, query: PARAMETER_SETS.delete, body, answers }));
    }
    return operations;
  }

  subresource(name: string): Operation[] {
    const { kind, schema } = this.#kind;
    const path = `${this.#item}/${name}`;
    const suffix = capitalize(name);
    const posted = POSTED.get(name);
    if (posted !== undefined) {
      const answers = { 200: posted.schema, 201: posted.schema, 202: posted.schema };
      const description = `create ${name} of ${article(kind)} ${kind}`;
      const details = { method: "post", action: "post", description, verb: "create", suffix, path } as const;
      const query = PARAMETER_SETS.write;
      return [this.#operation({ ...details, query, subject: posted.kind, body: posted.schema, bodyRequired: true, answers })];
    }
    if (name === "log") {
      const details = { method: "get", action: "get", description: `read log of the specified ${kind}`, verb: "read", suffix } as const;
      return [
        this.#operation({
          ...details,
          path,
          query: PARAMETER_SETS.log,
          answers: { 200: undefined },
          produces: ["text/plain", ...JSON_TYPES],
        }),
      ];
    }
    if (name === "exec" || name === "attach" || name === "portforward") return this.#connect(path, name, ["get", "post"], "");
    if (name === "proxy") {
      const methods = ["get", "put", "post", "delete", "options", "head", "patch"] as const;
      return [...this.#connect(path, name, methods, ""), ...this.#connect(`${path}/{path}`, name, methods, "WithPath")];
    }
    const what = `${name} of the specified ${kind}`;
    const verbs = name === "finalize" ? ["update"] : ["get", "update", "patch"];
    if (name === "scale") return this.#readAndWrite(path, SCALE.schema, what, suffix, verbs, SCALE.kind);
    return this.#readAndWrite(path, schema, what, suffix, verbs);
  }

  #readAndWrite(
    path: string,
    schema: string,
    what: string,
    suffix: string,
    verbs: readonly string[],
    subject: GroupVersionKind = this.#kind,
  ): Operation[] {
    const common = { path, suffix, subject };
    const answers = { 200: schema, 201: schema };
    const operations: Operation[] = [];
    if (verbs.includes("get")) {
      const details = { method: "get", action: "get", description: `read ${what}`, verb: "read" } as const;
      operations.push(this.#operation({ ...common, ...details, answers: { 200: schema } }));
    }
    if (verbs.includes("update")) {
      const details = { method: "put", action: "put", description: `replace ${what}`, verb: "replace" } as const;
      operations.push(this.#operation({ ...common, ...details, query: PARAMETER_SETS.write, body: schema, bodyRequired: true, answers }));
    }
    if (verbs.includes("patch")) {
      const details = { method: "patch", action: "patch", description: `partially update ${what}`, verb: "patch" } as const;
      const consumes = Object.values(PATCH_TYPES).filter((type) => type !== PATCH_TYPES.strategic || this.#kind.strategicMergePatch);
      const body = { body: `${META}.Patch`, bodyRequired: true, consumes };
      operations.push(this.#operation({ ...common, ...details, ...body, query: PARAMETER_SETS.patch, answers }));
    }
    return operations;
  }

  #connect(
    path: string,
    name: "exec" | "attach" | "portforward" | "proxy",
    methods: readonly Operation["method"][],
    end: string,
  ): Operation[] {
    return methods.map((method) => {
      const description = `connect ${method.toUpperCase()} requests to ${name} of ${this.#kind.kind}`;
      const word = name === "portforward" ? "PortForward" : capitalize(name);
      const subject = { ...this.#kind, kind: `${this.#kind.kind}${word}Options` };
      const details = { method, action: "connect", description, path, subject, query: PARAMETER_SETS[name], answers: { 200: undefined } };
      const verb = `connect${this.#prefix}${capitalize(method)}`;
      const id = `${verb}${this.#scopeWord()}${this.#kind.kind}${capitalize(name)}${end}`;
      return { ...this.#operation({ ...details, verb: "connect", produces: ANY_TYPE }), id };
    });
  }

  #scopeWord(): string {
    return this.#kind.namespaced ? "Namespaced" : "";
  }

  #operation({ verb, suffix = "", ...details }: Details): Operation {
    const { group, version, kind } = this.#kind;
    const subject = details.subject ?? this.#kind;
    return {
      path: this.#item,
      id: `${verb}${this.#prefix}${this.#scopeWord()}${kind}${suffix}`,
      tag: tagOf(group, version),
      query: [],
      answers: {},
      consumes: ANY_TYPE,
      produces: JSON_TYPES,
      ...details,
      subject: { group: subject.group, kind: subject.kind, version: subject.version },
    };
  }
}

function article(kind: string): string {
  return /^[AEIOU]/.test(kind) ? "an" : "a";
}

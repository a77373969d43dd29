import { definitionDocuments } from "./definitions.ts";
import type { OpenApiDocument, OpenApiInput } from "./open-api.ts";
import { discoveryOperation, operationsOf, type Operation } from "./operations.ts";
import { QUERY_PARAMETERS, type Parameter } from "./parameters.ts";
import { servedKinds } from "./served-kind.ts";

/** Parameters that stand in full in every operation: kubectl looks for them there and does not follow references. */
const ALWAYS_INLINE: ReadonlySet<string> = new Set(["dryRun", "fieldValidation"]);

/**
 * The whole API as an OpenAPI 2 (Swagger) document: what `/openapi/v2` serves, and kubectl and client generators read. Several
 * megabytes; build it once for each change of the kinds.
 */
export function openApiV2(input: OpenApiInput): OpenApiDocument {
  const kinds = servedKinds(input);
  const groupVersions = new Map(kinds.map((kind) => [`${kind.group}/${kind.version}`, kind]));
  const operations = [
    ...Array.from(groupVersions.values(), ({ group, version }) => discoveryOperation(group, version)),
    ...kinds.flatMap(operationsOf),
  ];
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: input.version },
    paths: pathsDocument(operations),
    definitions: definitionDocuments(input),
    parameters: Object.fromEntries(Array.from(QUERY_PARAMETERS, ([name, parameter]) => [name, parameterDocument(parameter)])),
    security: [{ BearerToken: [] }],
    securityDefinitions: {
      BearerToken: { description: "Bearer Token authentication", in: "header", name: "authorization", type: "apiKey" },
    },
  };
}

function pathsDocument(operations: readonly Operation[]): OpenApiDocument {
  const paths = new Map<string, OpenApiDocument>();
  for (const operation of operations) {
    const path = paths.get(operation.path) ?? pathParameters(operation.path);
    path[operation.method] = operationDocument(operation);
    paths.set(operation.path, path);
  }
  return Object.fromEntries([...paths].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function pathParameters(path: string): OpenApiDocument {
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), (match) => match[1] ?? "");
  const inPath = names.map((name) => ({
    name,
    in: "path",
    required: true,
    type: "string",
    uniqueItems: true,
    description: pathText(name),
  }));
  if (names.length === 0 && path.endsWith("/")) return {};
  return { parameters: [...inPath, { $ref: "#/parameters/pretty" }] };
}

/** What a parameter in the path stands for. */
export function pathText(name: string): string {
  if (name === "namespace") return "object name and auth scope, such as for teams and projects";
  return name === "path" ? "path to the resource" : "name of the object";
}

function parameterDocument({ name, in: place, type, description }: Parameter): OpenApiDocument {
  return { description, in: place, name, type, uniqueItems: true };
}

function operationDocument(operation: Operation): OpenApiDocument {
  const query = operation.query.map((name) => {
    const parameter = QUERY_PARAMETERS.get(name);
    return parameter !== undefined && ALWAYS_INLINE.has(name) ? parameterDocument(parameter) : { $ref: `#/parameters/${name}` };
  });
  const body =
    operation.body === undefined
      ? []
      : [{ in: "body", name: "body", ...(operation.bodyRequired === true ? { required: true } : {}), schema: reference(operation.body) }];
  const parameters = [...body, ...query];
  const answers = Object.entries(operation.answers).map(([code, schema]) => [
    code,
    { description: answerText(Number(code)), schema: schema === undefined ? { type: "string" } : reference(schema) },
  ]);
  return {
    consumes: operation.consumes,
    description: operation.description,
    operationId: operation.id,
    ...(parameters.length === 0 ? {} : { parameters }),
    produces: operation.produces,
    responses: { ...Object.fromEntries(answers), 401: { description: "Unauthorized" } },
    schemes: ["https"],
    tags: [operation.tag],
    ...(operation.subject === undefined
      ? {}
      : { "x-kubernetes-action": operation.action, "x-kubernetes-group-version-kind": { ...operation.subject } }),
  };
}

function reference(name: string): OpenApiDocument {
  return { $ref: `#/definitions/${name}` };
}

/** The text of an answer's code. */
export function answerText(code: number): string {
  return code === 201 ? "Created" : code === 202 ? "Accepted" : "OK";
}

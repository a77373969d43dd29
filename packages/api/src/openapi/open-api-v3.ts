import { writeJson } from "../exact-json.ts";
import { createHash } from "node:crypto";
import { DefinitionSet } from "./definitions.ts";
import type { OpenApiDocument, OpenApiInput } from "./open-api.ts";
import { answerText, pathText } from "./open-api-v2.ts";
import { discoveryOperation, operationsOf, type Operation } from "./operations.ts";
import { QUERY_PARAMETERS, type Parameter } from "./parameters.ts";
import { groupVersionPath, servedKinds } from "./served-kind.ts";

/** `/openapi/v3`: the address of each document by its path. */
interface OpenApiV3Index {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

/**
 * A part of what `/openapi/v3` serves: where the document of each version of `wantedGroup` is, with a hash of its content, by
 * which clients know whether what they have in their cache still holds.
 */
export function openApiV3Index(input: OpenApiInput, wantedGroup: string): OpenApiV3Index {
  const paths = new Map<string, { serverRelativeURL: string }>();
  for (const { group, version } of servedKinds(input)) {
    if (group !== wantedGroup) continue;
    const path = groupVersionPath({ group, version }).slice(1);
    if (paths.has(path)) continue;
    // Text is left out: it is large, and changes only together with the version.
    const content = writeJson(openApiV3({ ...input, descriptions: undefined }, group, version));
    const hash = createHash("sha512").update(content).digest("hex").toUpperCase();
    paths.set(path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` });
  }
  return { paths: Object.fromEntries([...paths].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** The OpenAPI 3 document of one group version (`/openapi/v3/apis/apps/v1`); undefined when nothing is served there. */
export function openApiV3(input: OpenApiInput, group: string, version: string): OpenApiDocument | undefined {
  const kinds = servedKinds(input).filter((kind) => kind.group === group && kind.version === version);
  if (kinds.length === 0) return undefined;
  const operations = [discoveryOperation(group, version), ...kinds.flatMap(operationsOf)];
  const paths = new Map<string, OpenApiDocument>();
  for (const operation of operations) {
    const path = paths.get(operation.path) ?? pathParameters(operation.path);
    path[operation.method] = operationDocument(operation);
    paths.set(operation.path, path);
  }
  const definitions = new DefinitionSet(input);
  const used = operations.flatMap(({ body, answers }) => [body, ...Object.values(answers)]).filter((name) => name !== undefined);
  // Watch events are in the answers of lists, though no operation names them.
  const names = definitions.closure([...used, "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent"]);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: input.version },
    paths: Object.fromEntries([...paths].sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      schemas: Object.fromEntries(names.map((name) => [name, definitions.document(name, "v3")])),
      securitySchemes: {
        BearerToken: { type: "apiKey", description: "Bearer Token authentication", name: "authorization", in: "header" },
      },
    },
  };
}

function pathParameters(path: string): OpenApiDocument {
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), (match) => match[1] ?? "");
  if (names.length === 0 && path.endsWith("/")) return {};
  const inPath = names.map((name) => ({
    name,
    in: "path",
    description: pathText(name),
    required: true,
    schema: { type: "string", uniqueItems: true },
  }));
  const pretty = QUERY_PARAMETERS.get("pretty");
  return { parameters: pretty === undefined ? inPath : [...inPath, parameterDocument(pretty)] };
}

function parameterDocument({ name, in: place, type, description }: Parameter): OpenApiDocument {
  return { name, in: place, description, schema: { type, uniqueItems: true } };
}

function operationDocument(operation: Operation): OpenApiDocument {
  const parameters = operation.query.map((name) => QUERY_PARAMETERS.get(name)).filter((parameter) => parameter !== undefined);
  const answers = Object.entries(operation.answers).map(([code, schema]) => [
    code,
    { description: answerText(Number(code)), content: content(operation.produces, schema) },
  ]);
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.id,
    ...(parameters.length === 0 ? {} : { parameters: parameters.map(parameterDocument) }),
    ...(operation.body === undefined
      ? {}
      : {
          requestBody: {
            content: content(operation.consumes, operation.body),
            ...(operation.bodyRequired === true ? { required: true } : {}),
          },
        }),
    responses: { ...Object.fromEntries(answers), 401: { description: "Unauthorized" } },
    ...(operation.subject === undefined
      ? {}
      : { "x-kubernetes-action": operation.action, "x-kubernetes-group-version-kind": { ...operation.subject } }),
  };
}

function content(mediaTypes: readonly string[], schema: string | undefined): OpenApiDocument {
  const document = { schema: schema === undefined ? { type: "string" } : { $ref: `#/components/schemas/${schema}` } };
  return Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, document]));
}

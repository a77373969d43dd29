import { ProtobufWriter } from "@skiff/base";
import { writeJson } from "@skiff/api";

/** The media types under which kubectl asks for {@link encodeOpenApiV2}: the older spelling is not even a valid one. */
export const OPEN_API_V2_PROTOBUF_TYPES = [
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
] as const;

/** As much of an OpenAPI 2 document as is encoded. */
interface Document {
  readonly swagger: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly definitions: Readonly<Record<string, Schema>>;
  readonly parameters?: Readonly<Record<string, Parameter>>;
}

type PathItem = Readonly<Record<string, unknown>> & { readonly parameters?: readonly (Parameter | Reference)[] };

interface Reference {
  readonly $ref: string;
}

interface Parameter {
  readonly name: string;
  readonly in: "body" | "query" | "path" | "header";
  readonly description?: string;
  readonly required?: boolean;
  readonly type?: string;
  readonly uniqueItems?: boolean;
  readonly schema?: Schema;
}

interface Operation {
  readonly tags?: readonly string[];
  readonly description?: string;
  readonly operationId?: string;
  readonly produces?: readonly string[];
  readonly consumes?: readonly string[];
  readonly schemes?: readonly string[];
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly schema?: Schema }>>;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
}

/** Numbers in `PathItem`. */
const METHODS = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 } as const;

/**
 * An OpenAPI 2 document as protobuf (`openapi.v2.Document` of google/gnostic), which is all that kubectl before 1.29
 * takes. Written is what describes kinds and operations; examples, licences and the like do not occur.
 */
export function encodeOpenApiV2(json: Readonly<Record<string, unknown>>): Buffer {
  const document = json as unknown as Document;
  const paths = new ProtobufWriter();
  for (const [path, item] of Object.entries(document.paths)) paths.message(2, named(path, pathItem(item)));
  const parameters = new ProtobufWriter();
  for (const [name, value] of Object.entries(document.parameters ?? {})) parameters.message(1, named(name, parameter(value)));
  return new ProtobufWriter()
    .text(1, document.swagger)
    .message(2, new ProtobufWriter().text(1, document.info.title).text(2, document.info.version).finish())
    .message(8, paths.finish())
    .message(9, schemas(document.definitions))
    .message(10, parameters.finish())
    .finish();
}

function named(name: string, value: Uint8Array): Buffer {
  return new ProtobufWriter().text(1, name).message(2, value).finish();
}

function pathItem(item: PathItem): Buffer {
  const writer = new ProtobufWriter();
  for (const [method, number] of Object.entries(METHODS)) {
    const found = item[method] as Operation | undefined;
    if (found !== undefined) writer.message(number, operation(found));
  }
  for (const each of item.parameters ?? []) writer.message(9, parameterOrReference(each));
  return writer.finish();
}

function operation(from: Operation): Buffer {
  const writer = new ProtobufWriter()
    .texts(1, from.tags)
    .text(3, from.description)
    .text(5, from.operationId)
    .texts(6, from.produces)
    .texts(7, from.consumes);
  for (const each of from.parameters ?? []) writer.message(8, parameterOrReference(each));
  const responses = new ProtobufWriter();
  for (const [code, { description, schema: answered }] of Object.entries(from.responses ?? {})) {
    const item = answered === undefined ? undefined : new ProtobufWriter().message(1, schema(answered)).finish();
    const response = new ProtobufWriter().text(1, description).message(2, item).finish();
    responses.message(1, named(code, new ProtobufWriter().message(1, response).finish()));
  }
  return extensions(writer.message(9, responses.finish()).texts(10, from.schemes), 13, from).finish();
}

function parameterOrReference(from: Parameter | Reference): Buffer {
  if ("$ref" in from) return new ProtobufWriter().message(2, new ProtobufWriter().text(1, from.$ref).finish()).finish();
  return new ProtobufWriter().message(1, parameter(from)).finish();
}

function parameter(from: Parameter): Buffer {
  if (from.in === "body") {
    const body = new ProtobufWriter().text(1, from.description).text(2, from.name).text(3, from.in).flag(4, from.required);
    return new ProtobufWriter().message(1, body.message(5, schema(from.schema ?? {})).finish()).finish();
  }
  // Query parameters have one field more than those of the path and of headers, so what follows it is shifted by one.
  const shift = from.in === "query" ? 1 : 0;
  const plain = new ProtobufWriter()
    .flag(1, from.required)
    .text(2, from.in)
    .text(3, from.description)
    .text(4, from.name)
    .text(5 + shift, from.type)
    .flag(19 + shift, from.uniqueItems);
  const number = { header: 1, query: 3, path: 4 }[from.in];
  return new ProtobufWriter().message(2, new ProtobufWriter().message(number, plain.finish()).finish()).finish();
}

function schemas(from: Readonly<Record<string, Schema>>): Buffer {
  const writer = new ProtobufWriter();
  for (const [name, value] of Object.entries(from)) writer.message(1, named(name, schema(value)));
  return writer.finish();
}

function schema(from: Schema): Buffer {
  const { type, additionalProperties, items, properties } = from;
  const writer = new ProtobufWriter().text(1, from.$ref).text(2, from.format).text(4, from.description);
  if (from.default !== undefined) writer.message(5, any(from.default));
  writer.texts(19, from.required);
  for (const each of from.enum ?? []) writer.message(20, any(each));
  if (typeof additionalProperties === "boolean") writer.message(21, new ProtobufWriter().flag(2, additionalProperties).finish());
  else if (additionalProperties !== undefined) writer.message(21, new ProtobufWriter().message(1, schema(additionalProperties)).finish());
  if (type !== undefined) writer.message(22, new ProtobufWriter().texts(1, typeof type === "string" ? [type] : type).finish());
  if (items !== undefined) writer.message(23, new ProtobufWriter().message(1, schema(items)).finish());
  for (const each of from.allOf ?? []) writer.message(24, schema(each));
  if (properties !== undefined) writer.message(25, schemas(properties));
  return extensions(writer, 31, from).finish();
}

/** Everything that begins with `x-`. */
function extensions(writer: ProtobufWriter, number: number, from: object): ProtobufWriter {
  for (const [name, value] of Object.entries(from)) if (name.startsWith("x-")) writer.message(number, named(name, any(value)));
  return writer;
}

/** Any value is written as YAML, which JSON is. */
function any(value: unknown): Buffer {
  return new ProtobufWriter().text(2, `${writeJson(value)}\n`).finish();
}

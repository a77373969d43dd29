import { deepFreeze } from "@skiff/base";
import { describe, expect, it } from "vitest";
import { builtInSchemas } from "../schema/built-in-schemas.ts";
import { schemaFromOpenApi } from "../schema/structural-schema.ts";
import { StatusError } from "../status.ts";
import { decodeObject, readObject, type DecodeTarget, type FieldValidation } from "./decode-object.ts";

const registry = builtInSchemas();
const DEPLOYMENT: DecodeTarget = {
  expected: { group: "apps", version: "v1", kind: "Deployment" },
  schema: "io.k8s.api.apps.v1.Deployment",
  registry,
};
const POD: DecodeTarget = { expected: { group: "", version: "v1", kind: "Pod" }, schema: "io.k8s.api.core.v1.Pod", registry };
const LEASE: DecodeTarget = {
  expected: { group: "coordination.k8s.io", version: "v1", kind: "Lease" },
  schema: "io.k8s.api.coordination.v1.Lease",
  registry,
};
const SECRET: DecodeTarget = { expected: { group: "", version: "v1", kind: "Secret" }, schema: "io.k8s.api.core.v1.Secret", registry };

function decode(body: string, target = DEPLOYMENT, validation: FieldValidation = "Strict"): object {
  const { apiVersion: _version, kind: _kind, ...rest } = decodeObject({ body, format: "json" }, target, validation).object;
  return rest;
}

function refusal(body: string, target = DEPLOYMENT): string {
  try {
    decode(body, target);
  } catch (error) {
    if (error instanceof StatusError && error.code === 400 && error.reason === "BadRequest") return error.message;
    throw error;
  }
  throw new Error("was not refused");
}

const inDeployment = 'Deployment in version "v1" cannot be handled as a Deployment: ';

describe("decodeObject", () => {
  it("fills in the kind and warns of unknown and duplicate fields in the order of the document", () => {
    const body = `{"spec":{"unknown1":1,"unknownDupe":1,"unknownDupe":2,"paused":true,"paused":false,
      "template":{"spec":{"containers":[{"name":"c","nested":1,"image":"a","image":"b"}]}}}}`;
    const { object, warnings } = decodeObject({ body, format: "json" }, DEPLOYMENT, "Warn");
    expect(warnings).toEqual([
      'unknown field "spec.unknown1"',
      'unknown field "spec.unknownDupe"',
      'duplicate field "spec.paused"',
      'unknown field "spec.template.spec.containers[0].nested"',
      'duplicate field "spec.template.spec.containers[0].image"',
    ]);
    expect(object).toEqual({
      apiVersion: "apps/v1",
      kind: "Deployment",
      spec: { paused: false, template: { spec: { containers: [{ name: "c", image: "b" }] } } },
    });
    expect(decodeObject({ body, format: "json" }, DEPLOYMENT, "Ignore").warnings).toEqual([]);
    expect(refusal(body)).toBe(`${inDeployment}strict decoding error: ${warnings.join(", ")}`);
  });

  it.each<[name: string, body: string, target: DecodeTarget, expected: object]>([
    ["null fields", '{"metadata":{"creationTimestamp":null,"labels":null},"spec":null}', DEPLOYMENT, { metadata: {} }],
    [
      "null in maps and lists",
      '{"metadata":{"labels":{"a":null},"finalizers":[null]}}',
      POD,
      { metadata: { labels: { a: "" }, finalizers: [""] } },
    ],
    [
      "quantities in their canonical form",
      '{"spec":{"containers":[{"resources":{"limits":{"cpu":0.5,"memory":"1024Mi","x":2}}}]}}',
      POD,
      { spec: { containers: [{ resources: { limits: { cpu: "500m", memory: "1Gi", x: "2" } } }] } },
    ],
    [
      "times in UTC with seconds",
      '{"metadata":{"creationTimestamp":"2024-02-29T23:30:00.5-01:00"}}',
      POD,
      { metadata: { creationTimestamp: "2024-03-01T00:30:00Z" } },
    ],
    [
      "times with microseconds",
      '{"spec":{"renewTime":"2024-01-01T00:00:00.1234567Z"}}',
      LEASE,
      { spec: { renewTime: "2024-01-01T00:00:00.123456Z" } },
    ],
    [
      "ports as text or number",
      '{"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":"http"},"tcpSocket":{"port":80}}}]}}',
      POD,
      { spec: { containers: [{ livenessProbe: { httpGet: { port: "http" }, tcpSocket: { port: 80 } } }] } },
    ],
    ["keys of prototypes in maps", '{"metadata":{"labels":{"constructor":"x"}}}', POD, { metadata: { labels: { constructor: "x" } } }],
    [
      "managed fields",
      '{"metadata":{"managedFields":[{"fieldsV1":{"f:a":{}}}]}}',
      POD,
      { metadata: { managedFields: [{ fieldsV1: { "f:a": {} } }] } },
    ],
  ])("reads %s", (_name, body, target, expected) => {
    expect(decode(body, target)).toEqual(expected);
  });

  it.each<[name: string, body: string, message: string]>([
    [
      "text for a number",
      '{"spec":{"replicas":"3"}}',
      "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      "a fraction for an integer",
      '{"spec":{"replicas":3.0}}',
      "json: cannot unmarshal number 3.0 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      "too large a number",
      '{"spec":{"replicas":3000000000}}',
      "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      "a number for text",
      '{"spec":{"template":{"spec":{"containers":[{"env":[{"value":1}]}]}}}}',
      "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
    ],
    [
      "an object for a list",
      '{"spec":{"template":{"spec":{"containers":{}}}}}',
      "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
    ],
    ["a list for an object", '{"spec":[]}', "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec"],
    [
      "a number as label",
      '{"metadata":{"labels":{"a":1}}}',
      "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [
      "text for a boolean",
      '{"spec":{"paused":"yes"}}',
      "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool",
    ],
    [
      "a boolean for a port",
      '{"spec":{"strategy":{"rollingUpdate":{"maxSurge":true}}}}',
      "json: cannot unmarshal bool into Go value of type int32",
    ],
    [
      "no time",
      '{"metadata":{"creationTimestamp":"yesterday"}}',
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
    [
      "a day that is not",
      '{"metadata":{"creationTimestamp":"2023-02-29T00:00:00Z"}}',
      'parsing time "2023-02-29T00:00:00Z": value out of range',
    ],
    ["the key of a prototype as a field", '{"constructor":1}', 'strict decoding error: unknown field "constructor"'],
  ])("refuses %s", (_name, body, message) => {
    expect(refusal(body)).toBe(inDeployment + message);
  });

  it.each<[name: string, body: string, message: string]>([
    [
      "an empty body",
      "",
      "the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
    ],
    [
      "no JSON",
      "spec: {}",
      "the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse error: invalid character 's' looking for beginning of value (737065633a207b7d)",
    ],
    [
      "a long broken object",
      `{"a":"${"x".repeat(40)}`,
      `the object provided is unrecognized (must be of type Deployment): couldn't get version/kind; json parse error: unexpected end of JSON input ({"a":"${"x".repeat(24)} ...)`,
    ],
    [
      "another kind",
      '{"apiVersion":"v1","kind":"Service"}',
      'Service in version "v1" cannot be handled as a Deployment: converting (v1.Service) to (apps.Deployment): unknown conversion',
    ],
    [
      "another version",
      '{"apiVersion":"apps/v1beta1","kind":"Deployment"}',
      "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)",
    ],
  ])("refuses %s", (_name, body, message) => {
    expect(refusal(body)).toBe(message);
  });

  it("refuses what is not base64", () => {
    expect(decode('{"data":{"a":"aGk="}}', SECRET)).toEqual({ data: { a: "aGk=" } });
    expect(refusal('{"data":{"a":"a b"}}', SECRET)).toBe(
      'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 1',
    );
  });

  it("never changes its input", () => {
    const value = deepFreeze({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { creationTimestamp: null, name: "a" },
      foo: 1,
      spec: { containers: [] },
    });
    const { object } = readObject({ value, duplicates: [], decimals: new Map() }, POD, "Ignore");
    expect(object).toEqual({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: { containers: [] } });
    expect((object as { spec?: unknown }).spec).toBe(value.spec);
  });

  it("prunes custom resources by their schema and leaves types to validation", () => {
    const own = builtInSchemas();
    own.add(
      "com.example.v1.Widget",
      schemaFromOpenApi({
        type: "object",
        properties: {
          spec: {
            type: "object",
            properties: { size: { type: "integer" }, free: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          },
          labels: { type: "object", additionalProperties: { type: "object", properties: { a: { type: "string" } } } },
        },
      }),
    );
    const target: DecodeTarget = {
      expected: { group: "example.com", version: "v1", kind: "Widget" },
      schema: "com.example.v1.Widget",
      registry: own,
      structural: true,
    };
    const body = '{"metadata":{"name":"w","nope":1},"spec":{"size":"big","free":{"x":1},"z":1},"labels":{"k":{"a":"","b":1}}}';
    const { object, warnings } = decodeObject({ body, format: "json" }, target, "Warn");
    expect(object).toEqual({
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: { name: "w" },
      spec: { size: "big", free: { x: 1 } },
      labels: { k: { a: "" } },
    });
    expect(warnings).toEqual(['unknown field "labels.k.b"', 'unknown field "metadata.nope"', 'unknown field "spec.z"']);
  });
});

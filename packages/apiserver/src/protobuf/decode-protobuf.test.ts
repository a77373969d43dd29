import { ProtobufWriter } from "@skiff/base";
import { describe, expect, it } from "vitest";
import { DecodeError } from "@skiff/api";
import { decodeProtobuf } from "./decode-protobuf.ts";
import { FIELD_NUMBERS } from "./field-numbers.ts";
import { messageType } from "./message-type.ts";

function envelope(apiVersion: string, kind: string, raw: Uint8Array): Buffer {
  const type = new ProtobufWriter().text(1, apiVersion).text(2, kind).finish();
  return Buffer.concat([Buffer.from("k8s\0"), new ProtobufWriter().message(1, type).message(2, raw).finish()]);
}

function message(build: (writer: ProtobufWriter) => ProtobufWriter): Buffer {
  return build(new ProtobufWriter()).finish();
}

/** A varint field, zero included, as Go writes it. */
function number(field: number, value: number): Buffer {
  return Buffer.from([field * 8, value]);
}

describe("objects", () => {
  it("are read as kubectl sends them", () => {
    // A ConfigMap `a` with `x: "1"` as Go writes it: fields that nobody set are there and empty.
    const metadata = "0a016112001a0022002a00320038004200";
    const object = `0a11${metadata}12060a0178120131`;
    const bytes = Buffer.from(`6b3873000a0f0a0276311209436f6e6669674d6170121b${object}1a002200`, "hex");
    expect(decodeProtobuf(bytes).value).toEqual({ kind: "ConfigMap", apiVersion: "v1", metadata: { name: "a" }, data: { x: "1" } });
  });

  it("keep zeros that were said, and leave out those that Go writes for what was not", () => {
    const template = message((writer) =>
      writer.message(
        2,
        message((spec) => spec.message(3, Buffer.alloc(0))),
      ),
    );
    const spec = Buffer.concat([number(1, 0), number(5, 0), number(7, 0), message((writer) => writer.message(3, template))]);
    expect(
      decodeProtobuf(
        envelope(
          "apps/v1",
          "Deployment",
          message((writer) => writer.message(2, spec)),
        ),
      ).value,
    ).toEqual({
      kind: "Deployment",
      apiVersion: "apps/v1",
      // `replicas: 0` is not the default of 1; an empty `restartPolicy` is the default.
      spec: { replicas: 0, template: { spec: {} } },
    });
  });

  it("have their special forms: times, quantities, ports, bytes, and fields that stand in the message around them", () => {
    // 1767125504 seconds.
    const time = Buffer.concat([Buffer.from([8]), Buffer.from([0x80, 0xe4, 0xd0, 0xca, 0x06])]);
    const limits = message((writer) =>
      writer.text(1, "cpu").message(
        2,
        message((quantity) => quantity.text(1, "100m")),
      ),
    );
    const port = Buffer.concat([number(1, 1), message((writer) => writer.text(3, "web"))]);
    const probe = message((writer) =>
      writer.message(
        1,
        message((handler) =>
          handler.message(
            2,
            message((get) => get.message(2, port)),
          ),
        ),
      ),
    );
    const container = message((writer) =>
      writer
        .text(1, "c")
        .message(
          8,
          message((resources) => resources.message(1, limits)),
        )
        .message(10, probe),
    );
    const volume = message((writer) =>
      writer.text(1, "v").message(
        2,
        message((source) => source.message(2, Buffer.alloc(0))),
      ),
    );
    const pod = message((writer) =>
      writer
        .message(
          1,
          message((metadata) => metadata.message(8, time).message(9, Buffer.alloc(0))),
        )
        .message(
          2,
          message((spec) => spec.message(1, volume).message(2, container)),
        ),
    );
    expect(decodeProtobuf(envelope("v1", "Pod", pod)).value).toEqual({
      kind: "Pod",
      apiVersion: "v1",
      metadata: { creationTimestamp: "2025-12-30T20:11:44Z" },
      spec: {
        volumes: [{ name: "v", emptyDir: {} }],
        containers: [{ name: "c", resources: { limits: { cpu: "100m" } }, livenessProbe: { httpGet: { port: "web" } } }],
      },
    });
    const secret = message((writer) =>
      writer.message(
        2,
        message((entry) => entry.text(1, "__proto__").message(2, Buffer.from("hi"))),
      ),
    );
    const { data } = decodeProtobuf(envelope("v1", "Secret", secret)).value as { data: object };
    expect(Object.entries(data)).toEqual([["__proto__", "aGk="]]);
  });

  it("of options belong to every group", () => {
    const options = message((writer) => writer.text(4, "Foreground"));
    expect(decodeProtobuf(envelope("policy/v1", "DeleteOptions", options)).value).toMatchObject({ propagationPolicy: "Foreground" });
  });
});

it.each([
  ["JSON", Buffer.from('{"kind":"Pod"}')],
  ["nothing", Buffer.alloc(0)],
  ["an unknown kind", envelope("v1", "Chair", Buffer.alloc(0))],
  ["no kind", envelope("v1", "", Buffer.alloc(0))],
  [
    "a message that is cut off",
    envelope(
      "v1",
      "Pod",
      message((writer) => writer.message(1, Buffer.alloc(8))),
    ).subarray(0, -3),
  ],
  ["a length beyond all memory", Buffer.from("k8s\0\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "latin1")],
  ["a number that never ends", Buffer.from(`k8s\0\x08${"\xff".repeat(12)}`, "latin1")],
  ["a group", Buffer.from("k8s\0\x0b", "latin1")],
  [
    "broken UTF-8",
    envelope(
      "v1",
      "Namespace",
      message((writer) =>
        writer.message(
          1,
          message((metadata) => metadata.message(1, Buffer.from([0xff]))),
        ),
      ),
    ),
  ],
])("refuses %s", (_what, bytes) => {
  expect(() => decodeProtobuf(bytes)).toThrow(DecodeError);
});

it("knows every message that a field names", () => {
  const special = /^(?:quantity|intstr|runtime)\.|\.(?:Time|MicroTime|Duration|FieldsV1|Verbs|ExtraValue|JSON|JSONSchemaPropsOr\w+)$/;
  const names = FIELD_NUMBERS.trim()
    .split("\n")
    .map((line) => line.split(" ", 1)[0] ?? "");
  const missing = names.flatMap((name) =>
    [...(messageType(name)?.values() ?? [])]
      .filter(({ message }) => message !== "" && !special.test(message) && messageType(message) === undefined)
      .map(({ message }) => message),
  );
  expect(missing).toEqual([]);
});

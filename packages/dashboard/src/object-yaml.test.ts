import { expect, it } from "vitest";
import type { KubeObject } from "@skiff/api";
import { objectYaml, withoutSecretValues } from "./object-yaml.ts";

const APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

it("begins with what an object is, and ends with its status", () => {
  const object = {
    status: { phase: "Running" },
    spec: { a: "yes", b: "1" },
    metadata: { name: "x", managedFields: [{ manager: "m" }] },
    kind: "Thing",
    apiVersion: "v1",
  } as KubeObject;
  expect(objectYaml(object)).toBe(
    'apiVersion: v1\nkind: Thing\nmetadata:\n  name: x\nspec:\n  a: yes\n  b: "1"\nstatus:\n  phase: Running\n',
  );
  expect(objectYaml(object, { withManagedFields: true })).toContain("manager: m");
});

it("a Secret tells how long its values are, and nothing that kubectl apply has noted of them", () => {
  const secret = { metadata: { name: "s", annotations: { [APPLIED]: "hunter2", a: "b" } }, data: { key: "aHVudGVyMg==" } } as KubeObject;
  expect(withoutSecretValues(secret)).toEqual({
    metadata: { name: "s", annotations: { [APPLIED]: "(hidden)", a: "b" } },
    data: { key: "(7 bytes)" },
  });
  expect(withoutSecretValues({ metadata: { name: "empty" } })).toEqual({ metadata: { name: "empty" } });
});

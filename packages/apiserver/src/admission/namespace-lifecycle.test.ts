import { isStatus } from "@skiff/api";
import { expect, it } from "vitest";
import { MemoryObjectReader } from "../memory-object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { NamespaceLifecycle } from "./namespace-lifecycle.ts";
import { admit, testRequest } from "./test-request.ts";

const reader = new MemoryObjectReader()
  .put(RESOURCES.namespaces, { metadata: { name: "default" } })
  .put(RESOURCES.namespaces, { metadata: { name: "ending" }, status: { phase: "Terminating" } });
const plugin = new NamespaceLifecycle(reader);
const object = { metadata: { name: "x" } };

it("refuses new objects in a namespace that ends, with the cause that controllers look for", async () => {
  const error: unknown = await admit(plugin, testRequest({ kind: "ConfigMap", namespace: "ending", object })).catch(
    (caught: unknown) => caught,
  );
  expect(isStatus(error, "Forbidden") && error.status).toMatchObject({
    message: 'configmaps "x" is forbidden: unable to create new content in namespace ending because it is being terminated',
    details: { causes: [{ reason: "NamespaceTerminating" }] },
  });
});

it("answers 404 for a namespace that is not there, unless the store has it", async () => {
  await expect(admit(plugin, testRequest({ kind: "ConfigMap", namespace: "gone", object }))).rejects.toThrow('namespaces "gone" not found');
  const lagging = new NamespaceLifecycle({ get: () => undefined, list: () => [], getLive: () => Promise.resolve(object as never) });
  await admit(lagging, testRequest({ kind: "ConfigMap", namespace: "new", object }));
});

it.each(["default", "kube-system", "kube-public"])("keeps the namespace %s", async (name) => {
  const request = testRequest({ kind: "Namespace", operation: "DELETE", name, namespace: name });
  await expect(admit(plugin, request)).rejects.toThrow("this namespace may not be deleted");
});

it.each([
  testRequest({ kind: "ConfigMap", object }),
  testRequest({ kind: "ConfigMap", operation: "UPDATE", namespace: "ending", object }),
  testRequest({ kind: "ConfigMap", operation: "DELETE", namespace: "gone", name: "x" }),
  testRequest({ kind: "Namespace", operation: "DELETE", name: "ending", namespace: "ending" }),
  testRequest({ kind: "Namespace", object, namespace: "x" }),
  testRequest({ kind: "Node", object }),
  testRequest({ kind: "LocalSubjectAccessReview", namespace: "gone", object }),
])("lets through $operation of $kind.kind in $namespace", async (request) => {
  await expect(admit(plugin, request)).resolves.toBe(request.object);
});

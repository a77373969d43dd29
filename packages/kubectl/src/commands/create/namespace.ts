import { generator } from "./generator.ts";

/** `kubectl create namespace`. */
export const namespace = generator(
  "namespace",
  "Create a namespace with the specified name",
  {},
  (_session, name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name }, spec: {}, status: {} }),
  ["ns"],
);

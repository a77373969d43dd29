import { generator } from "./generator.ts";

/** `kubectl create serviceaccount`. */
export const serviceAccount = generator(
  "serviceaccount",
  "Create a service account with the specified name",
  {},
  (_session, name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } }),
  ["sa"],
);

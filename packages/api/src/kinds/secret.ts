import { secretColumns } from "../columns/cluster-columns.ts";
import { setSecretDefaults } from "../defaults/core-defaults.ts";
import type { Secret } from "../generated/types.ts";
import { defineKind } from "../kind.ts";
import { validateSecret } from "../validation/config-validation.ts";

/** Confidential keys and values. */
export const secretKind = defineKind<Secret>({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  singular: "secret",
  namespaced: true,
  schema: "io.k8s.api.core.v1.Secret",
  applyDefaults: setSecretDefaults,
  validate: validateSecret,
  columns: secretColumns,
  fieldSelectors: { type: (secret) => secret.type ?? "" },
});

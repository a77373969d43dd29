import type { Schema } from "../schema.ts";

const NO_FIELDS: ReadonlyMap<string, Schema> = new Map();

/** Definitions that the client has no class for, because it writes them as plain types. The formats `quantity` and `micro-time` are ours; documents show them as upstream does. */
export const SCALAR_DEFINITIONS: Readonly<Record<string, { readonly schema: Schema; readonly description: string }>> = {
  "io.k8s.api.apiserverinternal.v1alpha1.StorageVersionSpec": {
    schema: { type: "object", properties: NO_FIELDS },
    description: "StorageVersionSpec is an empty spec.",
  },
  "io.k8s.api.scheduling.v1alpha2.BasicSchedulingPolicy": {
    schema: { type: "object", properties: NO_FIELDS },
    description: "BasicSchedulingPolicy says that Pods are scheduled one by one, as without a group.",
  },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus": {
    schema: { type: "object", properties: NO_FIELDS },
    description: "CustomResourceSubresourceStatus turns on the status subresource, at the JSON path .status.",
  },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": { schema: {}, description: "JSON is any JSON value." },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": {
    schema: {},
    description: "JSONSchemaPropsOrArray is a schema or a list of schemas.",
  },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": {
    schema: {},
    description: "JSONSchemaPropsOrBool is a schema or a boolean.",
  },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": {
    schema: {},
    description: "JSONSchemaPropsOrStringArray is a schema or a list of strings.",
  },
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {
    schema: { type: "string", format: "quantity" },
    description: "Quantity is a fixed-point number with an optional suffix, such as 500m, 1.5 or 2Gi.",
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": {
    schema: { type: "object", preserveUnknownFields: true, mapType: "atomic" },
    description:
      "FieldsV1 is a set of fields in the form of a trie: f:<name>, k:<keys>, v:<value> and i:<index>, with '.' for the field itself.",
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": {
    schema: { type: "string", format: "micro-time" },
    description: "MicroTime is a time with microseconds.",
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": {
    schema: { type: "object", preserveUnknownFields: true },
    description: "Patch is the body of a PATCH request.",
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": {
    schema: { type: "string", format: "date-time" },
    description: "Time is a time with seconds, in the form of RFC 3339.",
  },
  "io.k8s.apimachinery.pkg.runtime.RawExtension": {
    schema: { type: "object", preserveUnknownFields: true },
    description: "RawExtension is an object of a kind that is not known in advance.",
  },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
    schema: { type: "string", format: "int-or-string", intOrString: true },
    description: "IntOrString is a number or a text, such as a port's number or name, or a percentage.",
  },
};

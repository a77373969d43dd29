export * from "./field-error.ts";
export * from "./kind.ts";
export * from "./object.ts";
export * from "./protocol.ts";
export * from "./resource.ts";
export * from "./status.ts";
export type * from "./generated/types.ts";

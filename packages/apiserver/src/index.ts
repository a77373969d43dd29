export * from "./admission.ts";
export * from "./attributes.ts";
export * from "./authenticator.ts";
export * from "./user.ts";

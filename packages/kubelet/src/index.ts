export * from "./container-runtime.ts";

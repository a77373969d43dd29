export * from "./in-process.ts";
export * from "./measurement.ts";

export * from "@skiff/client";

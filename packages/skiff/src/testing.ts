export * from "@skiff/cluster/testing";

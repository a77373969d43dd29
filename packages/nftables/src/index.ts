export * from "./nft-packet-filter.ts";

export { NftPacketFilter } from "./nft-packet-filter.ts";

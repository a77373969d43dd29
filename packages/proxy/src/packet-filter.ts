import type { Transport } from "./service-port.ts";

/** A connection that the kernel remembers, by where the client sent it and where it was led. */
export interface TrackedFlow {
  readonly transport: Transport;
  /** The address of the Service; absent for node ports. */
  readonly originalIp: string | undefined;
  readonly originalPort: number;
  readonly destinationIp: string;
}

/** What the keepers of rules do to the kernel. */
export interface PacketFilter {
  /** Carries out `nft` commands as one transaction: all of it or nothing. Errors: rejects with the tool's own words. */
  apply(commands: string): Promise<void>;
  /** Whether the table is still there: other programs may flush all rules. */
  hasTable(table: string): Promise<boolean>;
  removeTable(table: string): Promise<void>;
  /** Forgets flows, so that clients which keep sending without a new connection (UDP) are led anew. Best effort. */
  forgetFlows(flows: readonly TrackedFlow[]): Promise<void>;
}

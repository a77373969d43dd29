import { isStatus, type ConfigMap, type TokenParts } from "@skiff/api";
import { messageOf, sleep, type Clock } from "@skiff/base";
import { parseKubeconfig } from "@skiff/client";
import { KUBECONFIG_KEY, signatureKey, verifyDetached } from "@skiff/controllers";
import { UserError } from "../user-error.ts";
import { authorityHashes } from "./authority-hash.ts";
import { UNREACHABLE_NEXT_STEP } from "./node-connect.ts";

/** Which cluster is looked for, and by what it is recognised. */
interface DiscoveryOptions {
  readonly clock: Clock;
  /** The API server's URL. */
  readonly server: string;
  readonly token: TokenParts;
  /** Hashes of the authority's public key, of which one must fit; none: the token alone vouches for the cluster. */
  readonly authorityHashes: readonly string[];
  /**
   * Reads `cluster-info` without credentials. Without `authorityPem` the server's certificate is not looked at; with it, it
   * must be signed by that authority for the host of the URL.
   */
  readonly read: (authorityPem?: string) => Promise<ConfigMap>;
}

/** A new token is signed for within a moment; after this long it will not be. */
const SIGNATURE_WAIT_MS = 5000;
const POLL_MS = 250;
/** What to do when a token is of no use. */
export const NEW_TOKEN = "Make a new token on the machine of the cluster: skiff token create --print-join-command";

/**
 * Finds out, with nothing but a token, whose certificates to trust: `cluster-info` names the authority, a signature by the
 * token shows that it is the cluster's own, the hash that it is the authority that the administrator meant, and then the
 * server has to show a certificate of that authority and the same `cluster-info` again. Answers the authority, PEM.
 *
 * Errors: a {@link UserError} for everything that does not fit.
 */
export async function discoverAuthority(options: DiscoveryOptions): Promise<string> {
  const { server, read } = options;
  const content = await signedClusterInfo(options);
  const authorityPem = authorityIn(content);
  const found = authorityHashes(authorityPem);
  if (options.authorityHashes.length > 0 && !found.some((hash) => options.authorityHashes.includes(hash)))
    throw new UserError(
      `The authority of the cluster is not the one that was asked for: its public key has the hash ${found.join(", ")}.`,
      "Check the hash with: skiff token create --print-join-command — if it was right, another machine answers in the place of the API server.",
    );
  let again: ConfigMap;
  try {
    again = await read(authorityPem);
  } catch (cause) {
    throw new UserError(
      `The API server at ${server} does not show a certificate that fits: ${messageOf(cause)}.`,
      "Join by the address that skiff token create --print-join-command names; another one is made known with: skiff up --advertise-address",
      {
        cause,
      },
    );
  }
  if (again.data?.[KUBECONFIG_KEY] !== content)
    throw new UserError(
      "cluster-info changed while it was read.",
      "Run the command again; if it happens again, another machine answers in the place of the API server.",
    );
  return authorityPem;
}

/** `cluster-info`'s kubeconfig, once it carries the token's signature. */
async function signedClusterInfo({ clock, server, token, read }: DiscoveryOptions): Promise<string> {
  const deadline = clock.monotonic() + SIGNATURE_WAIT_MS;
  for (;;) {
    const { data = {} } = await read().catch((error: unknown) => {
      throw unreadable(server, error);
    });
    const content = data[KUBECONFIG_KEY];
    const signature = data[signatureKey(token.id)];
    if (content !== undefined && signature !== undefined) {
      if (verifyDetached(signature, content, token)) return content;
      throw new UserError(
        `The token ${token.id} is known to the cluster, but its second half does not fit.`,
        `Check it with: skiff token list — or another machine answers in the place of the API server. ${NEW_TOKEN}`,
      );
    }
    if (clock.monotonic() > deadline)
      throw new UserError(
        `The cluster does not know the token ${token.id}: it has expired, was deleted, or is another cluster's.`,
        NEW_TOKEN,
      );
    await sleep(clock, POLL_MS);
  }
}

function authorityIn(content: string): string {
  const [first] = parseKubeconfig(content, "cluster-info").clusters ?? [];
  const encoded = first?.cluster["certificate-authority-data"] ?? "";
  const pem = Buffer.from(encoded, "base64").toString("utf8");
  if (!pem.includes("-----BEGIN CERTIFICATE-----"))
    throw new UserError("cluster-info names no certificate authority.", "Restart the cluster: skiff up puts it right.");
  return pem;
}

function unreadable(server: string, cause: unknown): UserError {
  if (isStatus(cause))
    return new UserError(`${server} does not let machines join: ${messageOf(cause)}.`, "Join a cluster that Skiff or kubeadm has made.", {
      cause,
    });
  return new UserError(`The API server at ${server} cannot be reached: ${messageOf(cause)}.`, UNREACHABLE_NEXT_STEP, { cause });
}

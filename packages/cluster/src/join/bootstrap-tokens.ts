import {
  BOOTSTRAP_TOKEN_NAMESPACE,
  BOOTSTRAP_TOKEN_TYPE,
  bootstrapTokenSecret,
  bootstrapTokenSecretName,
  isStatus,
  NODE_TOKEN_GROUP,
  readBootstrapToken,
  secretKind,
  type BootstrapToken,
  type TokenParts,
} from "@skiff/api";
import { formatTime, type Host, type Random } from "@skiff/base";
import type { Client } from "@skiff/client";
import { UserError } from "../user-error.ts";

/** What a new token is to be. */
interface TokenWish {
  /** Absent: a new, random one. */
  readonly token: TokenParts | undefined;
  /** 0: it does not expire. */
  readonly ttlMs: number;
  readonly description: string;
}

const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Makes a token with which machines can join the cluster of `client`. Errors: a {@link UserError} when its id is taken. */
export async function createToken(client: Client, host: Pick<Host, "clock" | "random">, wish: TokenWish): Promise<BootstrapToken> {
  const { id, secret } = wish.token ?? { id: randomText(host.random, 6), secret: randomText(host.random, 16) };
  const token: BootstrapToken = {
    id,
    secret,
    description: wish.description,
    ...(wish.ttlMs === 0 ? {} : { expiration: formatTime(host.clock.now() + wish.ttlMs) }),
    usages: ["authentication", "signing"],
    groups: [NODE_TOKEN_GROUP],
  };
  try {
    await client.resource(secretKind).create(bootstrapTokenSecret(token));
  } catch (cause) {
    if (!isStatus(cause, "AlreadyExists")) throw cause;
    throw new UserError(
      `A token with the id ${id} exists already.`,
      `Delete it with: skiff token delete ${id} — or leave the token out to get a new one.`,
      { cause },
    );
  }
  return token;
}

/** The tokens of the cluster, by id. */
export async function listTokens(client: Client): Promise<BootstrapToken[]> {
  const { items } = await client
    .resource(secretKind)
    .list({ namespace: BOOTSTRAP_TOKEN_NAMESPACE, fieldSelector: `type=${BOOTSTRAP_TOKEN_TYPE}` });
  return items.flatMap((secret) => readBootstrapToken(secret) ?? []).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Makes the token of that id worthless. Errors: a {@link UserError} when there is none. */
export async function deleteToken(client: Client, id: string): Promise<void> {
  try {
    await client.resource(secretKind).delete({ namespace: BOOTSTRAP_TOKEN_NAMESPACE, name: bootstrapTokenSecretName(id) });
  } catch (cause) {
    if (!isStatus(cause, "NotFound")) throw cause;
    throw new UserError(`There is no token with the id ${id}.`, "See which there are with: skiff token list", { cause });
  }
}

function randomText(random: Random, length: number): string {
  let text = "";
  while (text.length < length) {
    // Bytes from the last, incomplete turn of the alphabet are thrown away, so that every letter is as likely as any other.
    const [byte = 255] = random.bytes(1);
    if (byte < 256 - (256 % LETTERS.length)) text += LETTERS[byte % LETTERS.length];
  }
  return text;
}

import { parseTime } from "@skiff/base";
import type { Secret } from "./generated/types.ts";

/** The type of the Secrets that hold tokens with which machines join. */
export const BOOTSTRAP_TOKEN_TYPE = "bootstrap.kubernetes.io/token";
/** The only namespace in which such Secrets count. */
export const BOOTSTRAP_TOKEN_NAMESPACE = "kube-system";
/** Every holder of a bootstrap token is in this group. */
export const BOOTSTRAPPERS_GROUP = "system:bootstrappers";
/** The group that kubeadm, and `skiff token`, give tokens for nodes beside that: the rights of joining machines are bound to it. */
export const NODE_TOKEN_GROUP = "system:bootstrappers:kubeadm:default-node-token";
/** How long a token lives unless somebody says otherwise: kubeadm's rule. */
export const DEFAULT_TOKEN_TTL_MS = 24 * 3_600_000;

const FORM = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const NAME_PREFIX = "bootstrap-token-";
const USAGE_PREFIX = "usage-bootstrap-";

/** The two halves of a token `<id>.<secret>`; the first is no secret. */
export interface TokenParts {
  readonly id: string;
  readonly secret: string;
}

/** What a token may be used for: to authenticate requests, and to sign `cluster-info`. */
export type TokenUsage = "authentication" | "signing";

/** A token as its Secret describes it. */
export interface BootstrapToken extends TokenParts {
  readonly description: string;
  /** RFC 3339; absent: it does not expire. */
  readonly expiration?: string;
  /** Sorted. */
  readonly usages: readonly TokenUsage[];
  /** The groups of its holder beside {@link BOOTSTRAPPERS_GROUP}, as they are written. */
  readonly groups: readonly string[];
}

/** The halves of a token in its text form; `undefined` when it has another form. */
export function parseBootstrapToken(text: string): TokenParts | undefined {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/** The name of the Secret of a token. */
export function bootstrapTokenSecretName(id: string): string {
  return `${NAME_PREFIX}${id}`;
}

/** True for a group that a token may give its holder. */
export function isBootstrapGroup(group: string): boolean {
  return EXTRA_GROUP.test(group);
}

/** The Secret that makes the API server accept a token. */
export function bootstrapTokenSecret(token: BootstrapToken): Secret {
  const fields: Record<string, string> = {
    "token-id": token.id,
    "token-secret": token.secret,
    ...(token.description === "" ? {} : { description: token.description }),
    ...(token.expiration === undefined ? {} : { expiration: token.expiration }),
    ...Object.fromEntries(token.usages.map((usage) => [`${USAGE_PREFIX}${usage}`, "true"])),
    ...(token.groups.length === 0 ? {} : { "auth-extra-groups": token.groups.join(",") }),
  };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: bootstrapTokenSecretName(token.id), namespace: BOOTSTRAP_TOKEN_NAMESPACE },
    type: BOOTSTRAP_TOKEN_TYPE,
    data: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
  };
}

/** The token in a Secret; `undefined` when it holds none: another type, name or form, or it is being deleted. */
export function readBootstrapToken(secret: Secret): BootstrapToken | undefined {
  const { name, deletionTimestamp } = secret.metadata ?? {};
  if (secret.type !== BOOTSTRAP_TOKEN_TYPE || deletionTimestamp !== undefined) return undefined;
  const parts = parseBootstrapToken(`${field(secret, "token-id")}.${field(secret, "token-secret")}`);
  if (parts === undefined || name !== bootstrapTokenSecretName(parts.id)) return undefined;
  const expiration = tokenExpiration(secret);
  return {
    ...parts,
    description: field(secret, "description"),
    ...(expiration === undefined ? {} : { expiration }),
    usages: (["authentication", "signing"] as const).filter((usage) => field(secret, `${USAGE_PREFIX}${usage}`) === "true"),
    groups: field(secret, "auth-extra-groups").split(",").filter(Boolean),
  };
}

/** When the token of a Secret expires, in whatever form it is written there; `undefined`: never. */
export function tokenExpiration(secret: Secret): string | undefined {
  return field(secret, "expiration") || undefined;
}

/**
 * In how many milliseconds a token with that `expiration` expires: 0 or less when it has, `undefined` when it never does. A
 * time that cannot be read counts as past, as upstream has it.
 */
export function msUntilTokenExpiry(expiration: string | undefined, nowMs: number): number | undefined {
  if (expiration === undefined) return undefined;
  const expiresMs = parseTime(expiration);
  return expiresMs === undefined ? 0 : expiresMs - nowMs;
}

function field(secret: Secret, key: string): string {
  const encoded = secret.data?.[key];
  return encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
}

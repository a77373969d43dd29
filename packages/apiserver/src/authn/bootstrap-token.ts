import type { Secret } from "@skiff/api";
import { parseTime, type Clock } from "@skiff/base";
import type { ObjectReader } from "../object-reader.ts";
import { equalSecrets } from "../pki/node-crypto.ts";
import { RESOURCES } from "../well-known-resources.ts";
import type { TokenAuthenticator, TokenIdentity } from "./bearer-token.ts";
import { unauthorized } from "./unauthorized.ts";

const NAMESPACE = "kube-system";
const SECRET_TYPE = "bootstrap.kubernetes.io/token";
const FORM = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/**
 * Tokens with which machines join, `<id>.<secret>`, kept in Secrets of the type `bootstrap.kubernetes.io/token` in
 * `kube-system`: the user `system:bootstrap:<id>` in the group `system:bootstrappers`.
 */
export class BootstrapTokenAuthenticator implements TokenAuthenticator {
  readonly #clock: Clock;
  readonly #reader: ObjectReader;

  constructor(clock: Clock, reader: ObjectReader) {
    this.#clock = clock;
    this.#reader = reader;
  }

  async authenticateToken(token: string): Promise<TokenIdentity | undefined> {
    const [, id, secretPart] = FORM.exec(token) ?? [];
    if (id === undefined || secretPart === undefined) return undefined;
    const secret = this.#reader.get(RESOURCES.secrets, NAMESPACE, `bootstrap-token-${id}`);
    if (secret === undefined || !this.#accepts(secret, id, secretPart)) throw unauthorized("no such bootstrap token");
    const extra = field(secret, "auth-extra-groups").split(",").filter(Boolean);
    if (!extra.every((group) => EXTRA_GROUP.test(group))) throw unauthorized("the bootstrap token has an invalid group");
    return { user: { name: `system:bootstrap:${id}`, groups: ["system:bootstrappers", ...extra] } };
  }

  #accepts(secret: Secret, id: string, secretPart: string): boolean {
    if (secret.metadata?.deletionTimestamp !== undefined || secret.type !== SECRET_TYPE) return false;
    if (field(secret, "token-id") !== id || !equalSecrets(field(secret, "token-secret"), secretPart)) return false;
    if (field(secret, "usage-bootstrap-authentication") !== "true") return false;
    const expiration = field(secret, "expiration");
    if (expiration === "") return true;
    const expiresMs = parseTime(expiration);
    return expiresMs !== undefined && this.#clock.now() < expiresMs;
  }
}

function field(secret: Secret, key: string): string {
  const encoded = secret.data?.[key];
  return encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
}

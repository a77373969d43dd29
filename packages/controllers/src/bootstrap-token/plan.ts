import { msUntilTokenExpiry, readBootstrapToken, type ConfigMap, type Secret } from "@skiff/api";
import { sameJson } from "../same-json.ts";
import { signDetached } from "./detached-jws.ts";

/** What joining machines read without credentials: `kube-public/cluster-info`. */
export const CLUSTER_INFO = { namespace: "kube-public", name: "cluster-info" } as const;
/** Where `cluster-info` has the kubeconfig, and the signature of it by each token. */
export const KUBECONFIG_KEY = "kubeconfig";

const SIGNATURE_PREFIX = "jws-kubeconfig-";

/** The key of the signature by a token. */
export function signatureKey(tokenId: string): string {
  return `${SIGNATURE_PREFIX}${tokenId}`;
}

/** What the signer has to do. */
export interface SigningPlan {
  /** `cluster-info` as it is to be written; absent when its signatures are right. */
  readonly update?: ConfigMap;
  /** In how many milliseconds the next token expires; absent when none does. */
  readonly nextExpiryMs?: number;
}

/** Puts the signatures of exactly the valid tokens into `cluster-info`; what else is in it stays. */
export function planSignatures(configMap: ConfigMap, secrets: readonly Secret[], nowMs: number): SigningPlan {
  const content = configMap.data?.[KUBECONFIG_KEY];
  if (content === undefined) return {};
  const data = Object.fromEntries(Object.entries(configMap.data ?? {}).filter(([key]) => !key.startsWith(SIGNATURE_PREFIX)));
  const expiriesMs: number[] = [];
  for (const secret of secrets) {
    const token = readBootstrapToken(secret);
    if (token === undefined || !token.usages.includes("signing")) continue;
    const leftMs = msUntilTokenExpiry(token.expiration, nowMs);
    if (leftMs !== undefined && leftMs <= 0) continue;
    if (leftMs !== undefined) expiriesMs.push(leftMs);
    data[signatureKey(token.id)] = signDetached(content, token);
  }
  return {
    ...(sameJson(data, configMap.data) ? {} : { update: { ...configMap, data } }),
    ...(expiriesMs.length === 0 ? {} : { nextExpiryMs: Math.min(...expiriesMs) }),
  };
}

import { BOOTSTRAP_TOKEN_NAMESPACE, BOOTSTRAP_TOKEN_TYPE, secretKind, type Secret } from "@skiff/api";
import type { Informer, InformerFactory } from "@skiff/client";

/** The Secrets of bootstrap tokens, valid or not. */
export function tokenSecrets(informers: InformerFactory): Informer<Secret> {
  return informers.informer(secretKind, { namespace: BOOTSTRAP_TOKEN_NAMESPACE, fieldSelector: `type=${BOOTSTRAP_TOKEN_TYPE}` });
}

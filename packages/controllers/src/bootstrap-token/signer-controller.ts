import { configMapKind, type ConfigMap, type Secret } from "@skiff/api";
import { changesOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { CLUSTER_INFO, planSignatures, type SigningPlan } from "./plan.ts";
import { tokenSecrets } from "./token-secrets.ts";

const KEY = `${CLUSTER_INFO.namespace}/${CLUSTER_INFO.name}`;

interface Observed {
  readonly configMap: ConfigMap;
  readonly secrets: readonly Secret[];
}

/** Signs `kube-public/cluster-info` with every bootstrap token that is meant for it, so that machines which know a token can trust it. */
export function createBootstrapSigner({ client, informers }: ControllerContext): AnyController {
  const configMaps = informers.informer(configMapKind);
  const secrets = tokenSecrets(informers);
  const controller: Controller<Observed, SigningPlan> = {
    name: "bootstrap-signer-controller",
    sources: [changesOf(configMaps, ({ key }) => (key === KEY ? [KEY] : [])), changesOf(secrets, () => [KEY])],
    observe(key) {
      const configMap = configMaps.get(key);
      return configMap && { configMap, secrets: secrets.list() };
    },
    plan: ({ configMap, secrets: tokens }, nowMs) => planSignatures(configMap, tokens, nowMs),
    async perform({ update, nextExpiryMs }) {
      if (update !== undefined) await client.resource(configMapKind).update(update);
      return nextExpiryMs === undefined ? {} : { requeueAfterMs: nextExpiryMs };
    },
  };
  return controller;
}

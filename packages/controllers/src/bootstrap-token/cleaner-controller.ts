import { isStatus, msUntilTokenExpiry, secretKind, tokenExpiration, type Secret } from "@skiff/api";
import { objectsOf, type AnyController, type Controller } from "@skiff/controller-kit";
import type { ControllerContext } from "../controller-context.ts";
import { tokenSecrets } from "./token-secrets.ts";

/** Deletes the Secrets of bootstrap tokens once they have expired. */
export function createTokenCleaner({ client, informers }: ControllerContext): AnyController {
  const secrets = tokenSecrets(informers);
  const controller: Controller<Secret, number | undefined> = {
    name: "token-cleaner-controller",
    sources: [objectsOf(secrets)],
    observe: (key) => secrets.get(key),
    plan: (secret, nowMs) => msUntilTokenExpiry(tokenExpiration(secret), nowMs),
    async perform(remainingMs, { metadata }) {
      if (remainingMs === undefined) return {};
      if (remainingMs > 0) return { requeueAfterMs: remainingMs };
      const { namespace, name = "", uid, resourceVersion } = metadata ?? {};
      try {
        // Somebody may just have made its life longer.
        await client.resource(secretKind).delete({ namespace, name }, { preconditions: { uid, resourceVersion } });
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
      return {};
    },
  };
  return controller;
}

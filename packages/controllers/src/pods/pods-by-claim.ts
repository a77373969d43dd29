import { claimsOfPod, type Pod } from "@skiff/api";
import type { Informer } from "@skiff/client";
import { changesOf, type Source } from "@skiff/controller-kit";

const CLAIM_INDEX = "claim";

/** The keys of the claims that a Pod uses. */
function claimKeysOfPod({ metadata, spec }: Pod): string[] {
  return claimsOfPod(metadata?.name ?? "", spec).map(({ name }) => `${metadata?.namespace ?? ""}/${name}`);
}

/** Pods by the claims that they use: reading them costs what is read. Adds an index to the informer. */
export class PodsByClaim {
  readonly #pods: Informer<Pod>;

  constructor(pods: Informer<Pod>) {
    this.#pods = pods;
    pods.addIndex(CLAIM_INDEX, claimKeysOfPod);
  }

  /** Those that use the claim of that key. */
  of(claimKey: string): readonly Pod[] {
    return this.#pods.byIndex(CLAIM_INDEX, claimKey);
  }

  /** The keys of the claims whose Pods change. */
  get changes(): Source {
    return changesOf(this.#pods, ({ object }) => claimKeysOfPod(object));
  }
}

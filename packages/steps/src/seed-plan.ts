import type { Outcome } from "./outcome.ts";
import type { Step } from "./step.ts";
import type { World } from "./world.ts";

/** How one step is carried out and what must come back. */
export interface StepCheck {
  /** How long what is expected may take. Default 60 s. */
  readonly withinMs?: number;
  /** Carries the step out in place of the general rule of its kind. */
  perform?(world: World, step: Step): Promise<Outcome>;
  /**
   * Compares what came back, and what is in the cluster, with what the document says. Called again until it holds, and
   * with a fresh outcome each time if the step only reads. Throws (a {@link Mismatch}, or whatever it runs into) otherwise.
   */
  verify(outcome: Outcome, world: World, step: Step): void | Promise<void>;
}

/** A name or address of the document's own cluster, and what stands for it here. */
export interface Replacement {
  /** Must have the flag `g`. */
  readonly pattern: RegExp;
  value(world: World, found: RegExpMatchArray): string | Promise<string>;
}

/** One document: what it needs, and how its steps are checked. */
export interface SeedPlan {
  readonly seed: string;
  readonly title: string;
  /** Names of image recipes. */
  readonly images: readonly string[];
  /** Default 1. */
  readonly nodes?: number;
  /** True: there is another machine, which can join the cluster. */
  readonly hasOtherMachine?: boolean;
  readonly replacements?: readonly Replacement[];
  /** Makes what the document takes for granted. */
  prepare?(world: World): Promise<void>;
  /** Removes what the document's own cluster does not take with it. Called however the replay ended. */
  tidyUp?(world: World): Promise<void>;
  /** Steps that the document shows before what they need, by id, and the step after which they are run. */
  readonly later?: Readonly<Record<string, string>>;
  /** Steps that are about something else than a Kubernetes cluster, by id, and what that is. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** By the id of the step. */
  readonly checks: Readonly<Record<string, StepCheck>>;
}

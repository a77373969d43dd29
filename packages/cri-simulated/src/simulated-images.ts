import { createHash } from "node:crypto";
import { canonicalReference, type Image, RuntimeError } from "@skiff/kubelet";
import { matchesPattern } from "./behaviour.ts";

/** What is true of some images. The first rule that fits is used; without one the image is present and a pull takes no time. */
export interface SimulatedImageRule {
  /** The reference as the user wrote it; `*` stands for any letters. */
  readonly image: string;
  /** Whether the node has it without a pull. Default true. */
  readonly present?: boolean;
  readonly pullDelayMs?: number;
  /** Every pull fails so. The code is the gRPC status name, default `NOT_FOUND`. */
  readonly pullError?: { readonly code?: string; readonly message: string };
  /** Default 10,000,000. */
  readonly sizeBytes?: number;
  /** The user that the image names: a number, or a name. */
  readonly user?: string;
}

/** The images of one simulated node. */
export class SimulatedImages {
  readonly #rules: readonly SimulatedImageRule[];
  readonly #defaultPullDelayMs: number;
  /** By canonical reference; `undefined` for one that was removed. */
  readonly #images = new Map<string, Image | undefined>();

  constructor(rules: readonly SimulatedImageRule[], defaultPullDelayMs: number) {
    this.#rules = rules;
    this.#defaultPullDelayMs = defaultPullDelayMs;
  }

  list(): readonly Image[] {
    return [...this.#images.values()].filter((image) => image !== undefined);
  }

  /** By reference or by id. */
  find(reference: string): Image | undefined {
    if (reference.startsWith("sha256:")) return this.list().find((image) => image.id === reference);
    const canonical = canonicalReference(reference);
    if (this.#images.has(canonical)) return this.#images.get(canonical);
    if (this.#ruleFor(reference)?.present === false) return undefined;
    return this.#add(reference, canonical);
  }

  pullDelayMs(reference: string): number {
    return this.#ruleFor(reference)?.pullDelayMs ?? this.#defaultPullDelayMs;
  }

  pull(reference: string): Image {
    const error = this.#ruleFor(reference)?.pullError;
    if (error) throw new RuntimeError(error.code ?? "NOT_FOUND", error.message);
    const canonical = canonicalReference(reference);
    return this.#images.get(canonical) ?? this.#add(reference, canonical);
  }

  remove(reference: string): void {
    const image = this.find(reference);
    if (image === undefined) return;
    for (const [canonical, other] of this.#images) if (other?.id === image.id) this.#images.set(canonical, undefined);
  }

  #ruleFor(reference: string): SimulatedImageRule | undefined {
    return this.#rules.find((rule) => matchesPattern(rule.image, reference));
  }

  #add(reference: string, canonical: string): Image {
    const rule = this.#ruleFor(reference);
    const byDigest = canonical.includes("@");
    const repository = byDigest ? canonical.slice(0, canonical.indexOf("@")) : canonical.slice(0, canonical.lastIndexOf(":"));
    const digest = byDigest ? canonical.slice(canonical.indexOf("@") + 1) : `sha256:${sha256(`manifest ${canonical}`)}`;
    const user = rule?.user;
    const image: Image = {
      id: `sha256:${sha256(`config ${canonical}`)}`,
      repoTags: byDigest ? [] : [canonical],
      repoDigests: [`${repository}@${digest}`],
      sizeBytes: rule?.sizeBytes ?? 10_000_000,
      ...(user !== undefined && (/^\d+$/.test(user) ? { uid: Number(user) } : { username: user })),
    };
    this.#images.set(canonical, image);
    return image;
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

import { formatDuration, messageOf, type Host } from "@skiff/base";
import type { Container, Pod, Secret } from "@skiff/api";
import { Backoff } from "./backoff.ts";
import type { ContainerRuntime, Image, ImageAuth, PodSandboxConfig } from "./container-runtime.ts";
import { parseImageReference, withDefaultTag } from "./image-reference.ts";
import type { KubeletSources } from "./kubelet-sources.ts";
import type { PodEvents } from "./pod-events.ts";
import { credentialsFor } from "./pull-credentials.ts";
import { StartError } from "./start-error.ts";

/** How many images are pulled at the same time when nothing else is said; more wait in line. */
const DEFAULT_PARALLEL_PULLS = 5;

interface Pull {
  readonly done: Promise<void>;
  readonly waiters: Set<string>;
}

interface Failure {
  readonly message: string;
  readonly atMs: number;
  /** `ErrImagePull` is reported once; from then on it is `ImagePullBackOff`. */
  told: boolean;
}

/** What an {@link ImageManager} works with. */
interface ImageManagerParts {
  readonly host: Host;
  readonly runtime: ContainerRuntime;
  readonly sources: Pick<KubeletSources, "secrets">;
  readonly events: PodEvents;
  readonly maxParallelPulls?: number;
}

/** Whether a container can be created from its image now. */
type ImageOutcome = { readonly state: "present"; readonly image: Image } | { readonly state: "pulling" };

/**
 * Gets images onto the node.
 *
 * Guarantees: never waits for a pull; who asks is told that it is under way and called back when it has ended. The same
 * image is pulled once, however many Pods ask for it. Images that cannot be pulled are tried again after 10 s, 20 s, … 5 minutes.
 */
export class ImageManager {
  readonly #parts: ImageManagerParts;
  readonly #backoff: Backoff;
  readonly #pulls = new Map<string, Pull>();
  readonly #failures = new Map<string, Failure>();
  /** Images that were just pulled for a Pod: their container is created without another pull. */
  readonly #pulled = new Set<string>();
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(parts: ImageManagerParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.host.clock);
  }

  /**
   * The image of a container, by its pull policy. `onSettled` is called once after a `pulling` answer.
   *
   * Errors: a StartError with `InvalidImageName`, `ErrImageNeverPull`, `ErrImagePull` or `ImagePullBackOff`.
   */
  async ensure(pod: Pod, container: Container, sandbox: PodSandboxConfig, onSettled: () => void): Promise<ImageOutcome> {
    const { events, runtime } = this.#parts;
    const name = withDefaultTag(container.image ?? "");
    if (name === undefined) {
      const message = `Failed to apply default image tag "${container.image}": couldn't parse image name "${container.image}": invalid reference format`;
      events.container(pod, container, "Warning", "InspectFailed", message);
      throw new StartError("InvalidImageName", message);
    }
    const key = `${pod.metadata?.uid}/${name}`;
    if (this.#pulls.get(name)?.waiters.has(key)) return { state: "pulling" };
    const failure = this.#failures.get(key);
    const present = await runtime.imageStatus(name);
    const policy = container.imagePullPolicy ?? (name.endsWith(":latest") ? "Always" : "IfNotPresent");
    const pulledForThis = this.#pulled.has(key);
    if (present !== undefined && (policy !== "Always" || pulledForThis)) {
      this.#pulled.delete(key);
      if (!pulledForThis) {
        events.container(
          pod,
          container,
          "Normal",
          "Pulled",
          `Container image "${name}" already present on machine and can be accessed by the pod`,
        );
      }
      return { state: "present", image: present };
    }
    if (policy === "Never") {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      events.container(pod, container, "Warning", "ErrImageNeverPull", message);
      throw new StartError("ErrImageNeverPull", message);
    }
    if (failure !== undefined) this.#refuse(pod, container, name, key, failure);
    this.#pull(pod, container, name, key, sandbox, onSettled);
    return { state: "pulling" };
  }

  /** How long until the image is worth another attempt; 0 when there is no back-off. */
  retryAfterMs(pod: Pod, container: Container): number {
    const key = `${pod.metadata?.uid}/${withDefaultTag(container.image ?? "")}`;
    const failure = this.#failures.get(key);
    return failure === undefined ? 0 : this.#backoff.remainingMs(key, failure.atMs);
  }

  /** Forgets what is known for a Pod that is gone. */
  forget(podUid: string): void {
    for (const known of [this.#failures, this.#pulled]) {
      for (const key of known.keys()) {
        if (!key.startsWith(`${podUid}/`)) continue;
        known.delete(key);
        this.#backoff.reset(key);
      }
    }
    this.#backoff.prune();
  }

  #refuse(pod: Pod, container: Container, name: string, key: string, failure: Failure): void {
    // The failure itself is reported once, then the waiting.
    if (!failure.told) {
      failure.told = true;
      throw new StartError("ErrImagePull", failure.message);
    }
    if (this.#backoff.remainingMs(key, failure.atMs) === 0) return;
    const message = `Back-off pulling image "${name}"`;
    this.#parts.events.container(pod, container, "Normal", "BackOff", message);
    throw new StartError("ImagePullBackOff", `${message}: ErrImagePull: ${failure.message}`);
  }

  #pull(pod: Pod, container: Container, name: string, key: string, sandbox: PodSandboxConfig, onSettled: () => void): void {
    const { events, host } = this.#parts;
    events.container(pod, container, "Normal", "Pulling", `Pulling image "${name}"`);
    const askedMs = host.clock.monotonic();
    let pull = this.#pulls.get(name);
    if (pull === undefined) {
      pull = { done: this.#inTurn(() => this.#pullOnce(pod, name, sandbox)), waiters: new Set() };
      this.#pulls.set(name, pull);
      const forget = (): void => void this.#pulls.delete(name);
      pull.done.then(forget, forget);
    }
    pull.waiters.add(key);
    pull.done.then(
      async () => {
        this.#failures.delete(key);
        this.#pulled.add(key);
        const size = (await this.#parts.runtime.imageStatus(name).catch(() => undefined))?.sizeBytes ?? 0;
        const took = formatDuration(Math.round(host.clock.monotonic() - askedMs));
        const message = `Successfully pulled image "${name}" in ${took} (${took} including waiting). Image size: ${size} bytes.`;
        events.container(pod, container, "Normal", "Pulled", message);
        onSettled();
      },
      (error: unknown) => {
        const message = `failed to pull and unpack image "${name}": ${messageOf(error)}`;
        const shown = messageOf(error).includes(name) ? messageOf(error) : message;
        this.#failures.set(key, { message: shown, atMs: host.clock.now(), told: false });
        this.#backoff.next(key, host.clock.now());
        events.container(pod, container, "Warning", "Failed", `Failed to pull image "${name}": ${shown}`);
        onSettled();
      },
    );
  }

  async #pullOnce(pod: Pod, name: string, sandbox: PodSandboxConfig): Promise<void> {
    const reference = parseImageReference(name);
    const secrets = await this.#pullSecrets(pod);
    const credentials: (ImageAuth | undefined)[] = reference === undefined ? [] : credentialsFor(reference, secrets);
    if (credentials.length === 0) credentials.push(undefined);
    let failure: unknown;
    for (const auth of credentials) {
      try {
        await this.#parts.runtime.pullImage(name, auth, sandbox);
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  async #pullSecrets(pod: Pod): Promise<Secret[]> {
    const { events, sources } = this.#parts;
    const found: Secret[] = [];
    const absent: string[] = [];
    for (const { name } of pod.spec?.imagePullSecrets ?? []) {
      const secret = await sources.secrets.get(`${pod.metadata?.namespace}/${name}`).catch(() => undefined);
      if (secret === undefined) absent.push(name ?? "");
      else found.push(secret);
    }
    if (absent.length > 0) {
      const message = `Unable to retrieve some image pull secrets (${absent.join(", ")}); attempting to pull the image may not succeed.`;
      events.pod(pod, "Warning", "FailedToRetrieveImagePullSecret", message);
    }
    return found;
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#running < (this.#parts.maxParallelPulls ?? DEFAULT_PARALLEL_PULLS)) this.#running++;
    // Bounded by the images of the Pods on this node.
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      await work();
    } finally {
      // The place goes straight to the next in line: nobody who comes in between can take it, too.
      const next = this.#queue.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

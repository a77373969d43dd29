import type { Host } from "@skiff/base";
import type { Pod, Volume } from "@skiff/api";
import { hasErrorCode, type FileSystem } from "../file-system.ts";
import type { KubeletSources } from "../kubelet-sources.ts";
import type { Mounter } from "../mounter.ts";
import { podDirectory, type PodDirectories } from "../pod-directories.ts";
import type { NodeSideFields } from "../pod-fields.ts";
import type { PersistentVolumes } from "./persistent-volumes.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";
import { setUpError } from "./mount-error.ts";
import { setUpVolume } from "./volume-plugins.ts";

/** After a failure the volumes of a Pod are tried again after 500 ms, doubling up to about two minutes, as upstream does. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 122_000;

/** What volumes are made with. */
export interface VolumeParts {
  readonly host: Host;
  readonly fileSystem: FileSystem;
  readonly mounter: Mounter;
  readonly directories: PodDirectories;
  readonly sources: Pick<KubeletSources, "configMaps" | "secrets">;
  readonly tokens: Pick<ServiceAccountTokens, "token" | "forget">;
  readonly claims: Pick<PersistentVolumes, "resolve">;
}

/** A volume that is ready. */
export interface ReadyVolume {
  /** What containers mount, on the node. */
  readonly path: string;
  /** The volume cannot be written, whatever the mount says. */
  readonly readOnly: boolean;
  /** The path is that of a device, which containers get as such and do not mount. */
  readonly isBlockDevice?: boolean;
  /** Wall time in milliseconds at which its content should be made anew. */
  readonly refreshMs?: number;
}

/** One volume that could not be set up. */
interface VolumeProblem {
  readonly volume: string;
  /** Names the volume. */
  readonly message: string;
}

/** The volumes of a Pod. */
export interface VolumesOutcome {
  readonly ready: ReadonlyMap<string, ReadyVolume>;
  readonly problems: readonly VolumeProblem[];
  /** Attempts in a row that have failed; 0 when there are no problems. */
  readonly failures: number;
  /** When to come back: after a problem, or because a content goes stale. */
  readonly comeBackMs?: number;
}

interface PodVolumes {
  outcome: VolumesOutcome;
  /** Wall time before which nothing is tried again. */
  notBeforeMs: number;
}

/**
 * Makes the volumes of Pods and takes them down.
 *
 * Guarantees: what exists already is left as it is, so that it may be called at every pass; contents that come from the
 * API are brought up to date. A Pod's directory is removed only when nothing is mounted in it any more.
 */
export class VolumeManager {
  readonly #parts: VolumeParts;
  readonly #pods = new Map<string, PodVolumes>();

  constructor(parts: VolumeParts) {
    this.#parts = parts;
  }

  /** Sets up what is missing and updates what has changed. Never rejects: what failed is told as problems. */
  async prepare(pod: Pod, fields: NodeSideFields): Promise<VolumesOutcome> {
    const uid = pod.metadata?.uid ?? "";
    const now = this.#parts.host.clock.now();
    const known = this.#pods.get(uid);
    if (known !== undefined && now < known.notBeforeMs) {
      return { ...known.outcome, comeBackMs: known.notBeforeMs - now };
    }
    const ready = new Map<string, ReadyVolume>();
    const problems: VolumeProblem[] = [];
    for (const volume of pod.spec?.volumes ?? []) {
      try {
        const before = isSettled(volume) ? known?.outcome.ready.get(volume.name) : undefined;
        ready.set(volume.name, before ?? (await setUpVolume(this.#parts, pod, volume, fields)));
      } catch (error) {
        problems.push({ volume: volume.name, message: setUpError(volume.name, error).message });
        // A volume that was there stays usable when only its update failed.
        const before = known?.outcome.ready.get(volume.name);
        if (before !== undefined) ready.set(volume.name, before);
      }
    }
    const failures = problems.length > 0 ? (known?.outcome.failures ?? 0) + 1 : 0;
    const retryMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
    const refreshMs = Math.min(...Array.from(ready.values(), (volume) => volume.refreshMs ?? Number.POSITIVE_INFINITY)) - now;
    const comeBackMs = failures > 0 ? retryMs : Number.isFinite(refreshMs) ? Math.max(1000, refreshMs) : undefined;
    const outcome: VolumesOutcome = { ready, problems, failures, ...(comeBackMs === undefined ? {} : { comeBackMs }) };
    this.#pods.set(uid, { outcome, notBeforeMs: failures > 0 ? now + retryMs : 0 });
    return outcome;
  }

  /** Something that the Pod refers to has changed: the next pass tries at once. */
  retryNow(podUid: string): void {
    const known = this.#pods.get(podUid);
    if (known !== undefined) known.notBeforeMs = 0;
  }

  /** Unmounts and removes everything of a Pod. Rejects when something is still in use; then call again later. */
  async tearDown(podUid: string): Promise<void> {
    const { fileSystem, mounter, directories, tokens } = this.#parts;
    const directory = podDirectory(directories, podUid);
    if ((await fileSystem.lstat(directory)) !== undefined) {
      const below = (await mounter.list()).filter(({ path }) => path.startsWith(`${directory}/`));
      // The deepest first, or the outer ones would be busy.
      for (const { path } of below.sort((a, b) => b.path.length - a.path.length)) await mounter.unmount(path);
      await fileSystem.removeTree(directory);
    }
    this.#pods.delete(podUid);
    tokens.forget(podUid);
  }

  /** The UIDs of all Pods that have a directory on the node. */
  async listPodUids(): Promise<readonly string[]> {
    try {
      return await this.#parts.fileSystem.readDirectory(`${this.#parts.directories.root}/pods`);
    } catch (error) {
      if (hasErrorCode(error, "ENOENT")) return [];
      throw error;
    }
  }
}

/**
 * Whether a volume, once it is there, needs no further look: what it holds is not the API's. A claim that is deleted
 * meanwhile stays in use until the Pod is gone.
 */
function isSettled({ persistentVolumeClaim, ephemeral, hostPath, nfs }: Volume): boolean {
  return [persistentVolumeClaim, ephemeral, hostPath, nfs].some((source) => source !== undefined);
}

import type { Container, Pod } from "@skiff/api";
import type { PodSandboxConfig } from "../container-runtime.ts";
import type { FileSystem } from "../file-system.ts";
import type { ImageManager } from "../image-manager.ts";
import type { Mounter } from "../mounter.ts";
import { volumeDirectory, type PodDirectories } from "../pod-directories.ts";

/** Makes the content of images available as directories. A port of its own: older runtimes cannot do it by way of CRI. */
export interface ImageMounter {
  /**
   * Mounts an image that the runtime has, read-only. Whatever an earlier mount at `target` left behind (the machine was
   * started anew, say) is replaced.
   */
  mount(reference: string, target: string): Promise<void>;
}

/** What {@link ImageVolumes} work with. */
interface ImageVolumeParts {
  readonly images: Pick<ImageManager, "ensure">;
  readonly fileSystem: Pick<FileSystem, "makeDirectory">;
  readonly mounter: Pick<Mounter, "isMountPoint">;
  readonly imageMounter: ImageMounter;
  readonly directories: PodDirectories;
}

const DIRECTORY_MODE = 0o750;

/**
 * Volumes whose content is an image. They are made ready when a container that mounts them is started, as upstream does,
 * so that a failed pull is shown as the state of that container.
 */
export class ImageVolumes {
  readonly #parts: ImageVolumeParts;

  constructor(parts: ImageVolumeParts) {
    this.#parts = parts;
  }

  /**
   * True when all image volumes that the container mounts are there; false while one is pulled, `onSettled` is called then.
   *
   * Errors: those of {@link ImageManager.ensure}; and when the image cannot be mounted.
   */
  async ready(pod: Pod, container: Container, sandbox: PodSandboxConfig, onSettled: () => void): Promise<boolean> {
    const { images, fileSystem, mounter, imageMounter, directories } = this.#parts;
    const mounted = new Set((container.volumeMounts ?? []).map(({ name }) => name));
    for (const { name, image } of pod.spec?.volumes ?? []) {
      if (image?.reference === undefined || !mounted.has(name)) continue;
      const target = imageVolumePath(directories, pod, name);
      if (await mounter.isMountPoint(target)) continue;
      const wanted: Container = { ...container, image: image.reference, imagePullPolicy: image.pullPolicy };
      const outcome = await images.ensure(pod, wanted, sandbox, onSettled);
      if (outcome.state === "pulling") return false;
      await fileSystem.makeDirectory(target, DIRECTORY_MODE);
      await imageMounter.mount(outcome.image.repoTags[0] ?? outcome.image.repoDigests[0] ?? image.reference, target);
    }
    return true;
  }
}

/** Where the volume's content is on the node. */
export function imageVolumePath(directories: PodDirectories, pod: Pod, volume: string): string {
  return volumeDirectory(directories, pod.metadata?.uid ?? "", "image", volume);
}

/** The images that volumes of a Pod are made of. */
export function volumeImages(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap(({ image }) => image?.reference ?? []);
}

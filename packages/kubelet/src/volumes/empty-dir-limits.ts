import { tryParseQuantity, type Pod } from "@skiff/api";
import type { FileSystem } from "../file-system.ts";
import { volumeDirectory, type PodDirectories } from "../pod-directories.ts";

/**
 * Why a Pod must be evicted for what it has put into its `emptyDir` volumes, or `undefined` while it keeps to their
 * `sizeLimit`. Only volumes with a limit are measured, as measuring means to visit every file.
 */
export async function emptyDirExcess(
  fileSystem: Pick<FileSystem, "usage">,
  directories: PodDirectories,
  pod: Pod,
): Promise<string | undefined> {
  for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
    const limit = tryParseQuantity(emptyDir?.sizeLimit);
    if (limit === undefined || limit.sign <= 0) continue;
    const path = volumeDirectory(directories, pod.metadata?.uid ?? "", "empty-dir", name);
    // A directory that is not there yet, or not any more, holds nothing.
    const { usedBytes } = await fileSystem.usage(path).catch(() => ({ usedBytes: 0 }));
    if (BigInt(Math.ceil(usedBytes)) > limit.value()) return `Usage of EmptyDir volume "${name}" exceeds the limit "${limit.toString()}". `;
  }
  return undefined;
}

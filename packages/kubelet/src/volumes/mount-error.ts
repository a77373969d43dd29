import { messageOf } from "@skiff/base";

/**
 * A volume could not be set up. The message is that of the event which tells it: it names the volume as upstream does, by
 * the persistent volume where there is one.
 */
class MountError extends Error {
  override readonly name = "MountError";
}

/** What went wrong while a volume was set up. */
export function setUpError(volumeName: string, error: unknown): MountError {
  if (error instanceof MountError) return error;
  return new MountError(`MountVolume.SetUp failed for volume ${JSON.stringify(volumeName)} : ${messageOf(error)}`, { cause: error });
}

/** The volume is not of a kind, or not in a state, that lets it be set up at all. */
export function initializationError(volumeName: string, message: string): MountError {
  return new MountError(`MountVolume.NewMounter initialization failed for volume ${JSON.stringify(volumeName)} : ${message}`);
}

/** The claim behind a volume cannot be used, or not yet. */
export function claimError(volumeName: string, claimKey: string, error: unknown): MountError {
  const problem = `error processing PVC ${claimKey}: ${messageOf(error)}`;
  const volumes = `unmounted volumes=[${volumeName}], unattached volumes=[], failed to process volumes=[${volumeName}]`;
  return new MountError(`Unable to attach or mount volumes: ${volumes}: ${problem}`, { cause: error });
}

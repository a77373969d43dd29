/** Where the kubelet keeps the files of Pods. All paths are of the node. */
export interface PodDirectories {
  /** `/var/lib/kubelet`. */
  readonly root: string;
  /** `/var/log/pods`. */
  readonly logs: string;
}

/** The places that upstream uses, which log collectors and other tools look into. */
export const DEFAULT_DIRECTORIES: PodDirectories = { root: "/var/lib/kubelet", logs: "/var/log/pods" };

/** `ROOT/pods/<uid>`. */
export function podDirectory(directories: PodDirectories, podUid: string): string {
  return `${directories.root}/pods/${podUid}`;
}

/** `ROOT/pods/<uid>/volumes/kubernetes.io~<plug-in>/<volume>`: where a volume of a Pod is mounted. */
export function volumeDirectory(directories: PodDirectories, podUid: string, plugin: string, volume: string): string {
  return `${podDirectory(directories, podUid)}/volumes/kubernetes.io~${plugin}/${volume}`;
}

/** `LOGS/<namespace>_<name>_<uid>`. */
export function podLogDirectory(directories: PodDirectories, pod: { namespace: string; name: string; uid: string }): string {
  return `${directories.logs}/${pod.namespace}_${pod.name}_${pod.uid}`;
}

/** `<container>/<restart count>.log`, relative to {@link podLogDirectory}. */
export function containerLogPath(container: string, restartCount: number): string {
  return `${container}/${restartCount}.log`;
}

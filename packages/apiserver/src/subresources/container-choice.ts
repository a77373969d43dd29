import { badRequest, type Pod } from "@skiff/api";

/**
 * The container that a request is about: the one that it names, or the only one.
 *
 * Errors: `BadRequest` when there is no such container, or when there are several and none is named.
 */
export function chooseContainer(pod: Pod, wanted: string): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const podName = pod.metadata?.name ?? "";
  const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(" ");
  if (wanted !== "") {
    const known = [...containers, ...initContainers, ...ephemeralContainers].some(({ name }) => name === wanted);
    if (!known) throw badRequest(`container ${wanted} is not valid for pod ${podName}`);
    return wanted;
  }
  const [only, ...others] = containers;
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${podName}`);
  if (others.length === 0) return only.name;
  let text = `a container name must be specified for pod ${podName}, choose one of: [${names(containers)}]`;
  if (initContainers.length > 0) text += ` or one of the init containers: [${names(initContainers)}]`;
  if (ephemeralContainers.length > 0) text += ` or one of the ephemeral containers: [${names(ephemeralContainers)}]`;
  throw badRequest(text);
}

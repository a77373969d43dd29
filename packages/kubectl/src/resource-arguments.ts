import type { DiscoveredResource } from "@skiff/client";
import { KubectlError, usageError } from "./kubectl-error.ts";
import type { ResourceMapper } from "./resource-mapper.ts";

/** What the words of a command name: objects of a resource, or all of them when `names` is absent. */
interface ResourceArgument {
  readonly resource: DiscoveredResource;
  readonly names: readonly string[] | undefined;
}

/** What {@link parseResourceArguments} made of the words. */
interface ResourceArguments {
  readonly targets: readonly ResourceArgument[];
  /** True when the words may stand for objects of several kinds: they are then shown with their kind. */
  readonly severalKinds: boolean;
}

const MIXED =
  "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. '{0} get resource/<resource_name>' instead of '{0} get resource resource/<resource_name>'".replaceAll(
    "{0}",
    "kubectl",
  );

/** `pods`, `pod a b`, `pod/a svc/b`, `pods,services`, `all`. Errors: {@link KubectlError} in kubectl's words. */
export async function parseResourceArguments(mapper: ResourceMapper, words: readonly string[]): Promise<ResourceArguments> {
  const slashed = words.filter((word) => word.includes("/"));
  if (slashed.length > 0) {
    if (slashed.length !== words.length) throw new KubectlError(MIXED);
    const targets: ResourceArgument[] = [];
    for (const word of words) {
      const parts = word.split("/");
      if (parts.length !== 2) throw new KubectlError(`arguments in resource/name form may not have more than one slash`);
      const [type = "", name = ""] = parts;
      if (type === "" || name === "") throw new KubectlError("arguments in resource/name form must have a single resource and name");
      for (const one of type.split(",")) targets.push({ resource: await mapper.byName(one), names: [name] });
    }
    const kinds = new Set(targets.map(({ resource }) => resource));
    return { targets, severalKinds: kinds.size > 1 };
  }
  const [types = "", ...names] = words;
  const resources: DiscoveredResource[] = [];
  let isCategory = false;
  for (const type of types.split(",").filter((one) => one !== "")) {
    const members = mapper.category(type);
    isCategory ||= members.length > 0;
    for (const resource of members.length > 0 ? members : [await mapper.byName(type)])
      if (!resources.includes(resource)) resources.push(resource);
  }
  const targets = resources.map((resource) => ({ resource, names: names.length > 0 ? names : undefined }));
  return { targets, severalKinds: isCategory || resources.length > 1 };
}

/** The single object that a command such as `logs pod/x` or `scale deploy x` is about. */
export async function parseOneObject(
  mapper: ResourceMapper,
  words: readonly string[],
  command: string,
  defaultType?: string,
): Promise<{ readonly resource: DiscoveredResource; readonly name: string }> {
  const [first = ""] = words;
  const typed = words.length === 1 && !first.includes("/") && defaultType !== undefined ? [defaultType, first] : words;
  const { targets } = await parseResourceArguments(mapper, typed);
  const [target] = targets;
  const [name] = target?.names ?? [];
  if (target === undefined || name === undefined) throw usageError(command, "resource(s) were provided, but no name was specified");
  return { resource: target.resource, name };
}

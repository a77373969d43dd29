import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { clientFolder, type Model } from "./client-models.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Models of the apimachinery, which every group uses. */
const META_MODELS: ReadonlySet<string> = new Set(
  (
    "APIGroup APIGroupList APIResource APIResourceList APIVersions Condition DeleteOptions FieldSelectorRequirement " +
    "GroupResource GroupVersionForDiscovery LabelSelector LabelSelectorRequirement ListMeta ManagedFieldsEntry ObjectMeta OwnerReference " +
    "Preconditions ServerAddressByClientCIDR ShardInfo Status StatusCause StatusDetails WatchEvent"
  ).split(" "),
);

/** Models that another group's API also speaks about, so that reachability alone does not say where they are defined. */
const DEFINED_IN: ReadonlyMap<string, string> = new Map([
  ["V1Scale", "autoscaling"],
  ["V1ScaleSpec", "autoscaling"],
  ["V1ScaleStatus", "autoscaling"],
  ["V1Eviction", "policy"],
  ["V1TopologySelectorTerm", "core"],
  ["V1TopologySelectorLabelRequirement", "core"],
  ["V1TokenRequestSpec", "authentication"],
  ["V1TokenRequestStatus", "authentication"],
  ["V1BoundObjectReference", "authentication"],
]);

/** Groups whose definitions do not stand under `io.k8s.api.<group>`. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ["apiextensions", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions"],
  ["apiregistration", "io.k8s.kube-aggregator.pkg.apis.apiregistration"],
]);

/** The group of an API class (`RbacAuthorizationV1Api`) as the definitions spell it. */
const CLASS_GROUPS: ReadonlyMap<string, string> = new Map([
  ["RbacAuthorization", "rbac"],
  ["FlowcontrolApiserver", "flowcontrol"],
  ["InternalApiserver", "apiserverinternal"],
]);

/** Where a definition is at home. */
export interface DefinitionHome {
  /** `io.k8s.api.apps.v1.Deployment`. */
  readonly name: string;
  /** The group in the definition's name (`rbac`, `core`, `meta`), not the API group. */
  readonly group: string;
  readonly version: string;
  /** The name without group and version: `Deployment`. */
  readonly short: string;
  /** The name of the API group as discovery has it: `rbac.authorization.k8s.io`, empty for core. */
  readonly apiGroup: string;
}

interface ApiClass {
  readonly group: string;
  readonly version: string;
  readonly apiGroup: string;
  readonly reachable: ReadonlySet<string>;
}

/** The classes that a client type mentions. */
function mentionedClasses(type: string): string[] {
  return type.match(/\b[A-Z]\w*\b/g)?.filter((name) => name !== "Array" && name !== "Date" && name !== "IntOrString") ?? [];
}

function readApiClasses(models: ReadonlyMap<string, Model>): ApiClass[] {
  const folder = join(clientFolder(), "dist/gen/apis");
  const classes: ApiClass[] = [];
  for (const file of readdirSync(folder).sort()) {
    const match = /^([A-Z]\w*?)(V\d\w*?)Api\.d\.ts$/.exec(file);
    if (match === null) continue;
    const [, className = "", version = ""] = match;
    const text = readFileSync(join(folder, file), "utf8");
    const code = readFileSync(join(folder, file.replace(/\.d\.ts$/, ".js")), "utf8");
    const reachable = new Set<string>();
    const queue = Array.from(text.matchAll(/models\/(\w+)\.js/g), (found) => found[1] ?? "");
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      if (reachable.has(name) || !models.has(name)) continue;
      reachable.add(name);
      for (const field of models.get(name)?.fields ?? []) queue.push(...mentionedClasses(field.type));
    }
    if (reachable.size === 0) continue;
    classes.push({
      group: CLASS_GROUPS.get(className) ?? className.toLowerCase(),
      version: version.toLowerCase(),
      apiGroup: /'\/apis\/([^/']+)\//.exec(code)?.[1] ?? "",
      reachable,
    });
  }
  return classes;
}

/**
 * Finds upstream's definition name of every model of the client. The client keeps only `V1Deployment`: the group is
 * the one whose API reaches the model; where several do, core (which the others embed), or the tables above.
 */
export function definitionHomes(models: ReadonlyMap<string, Model>): Map<string, DefinitionHome> {
  const apiClasses = readApiClasses(models);
  const apiGroups = new Map(apiClasses.map((api) => [api.group, api.apiGroup]));
  const homes = new Map<string, DefinitionHome>();
  const home = (className: string, group: string, version: string, short: string): void => {
    const folder = PACKAGES.get(group) ?? `io.k8s.api.${group}`;
    homes.set(className, { name: `${folder}.${version}.${short}`, group, version, short, apiGroup: apiGroups.get(group) ?? "" });
  };
  for (const className of models.keys()) {
    if (className === "VersionInfo") {
      homes.set(className, { name: "io.k8s.apimachinery.pkg.version.Info", group: "version", version: "", short: "Info", apiGroup: "" });
      continue;
    }
    const match = /^([A-Z][a-z]+)?(V\d+(?:(?:alpha|beta)\d+)?)([A-Z].*)$/.exec(className);
    if (match === null) throw new Error(`${className}: no version in the model's name`);
    const [, prefix, versionName = "", short = ""] = match;
    const version = versionName.toLowerCase();
    if (prefix === undefined && version === "v1" && META_MODELS.has(short)) {
      homes.set(className, { name: `${META}.${short}`, group: "meta", version, short, apiGroup: "" });
      continue;
    }
    const explicit = prefix?.toLowerCase() ?? DEFINED_IN.get(className);
    const reaching = apiClasses.filter((api) => api.version === version && api.reachable.has(className)).map((api) => api.group);
    const group = explicit ?? (reaching.includes("core") ? "core" : reaching[0]);
    if (group === undefined) throw new Error(`${className}: no API of the client reaches the model; add it to a table`);
    if (explicit === undefined && group !== "core" && reaching.length > 1) {
      throw new Error(`${className}: reached from ${reaching.join(" and ")}; add it to DEFINED_IN`);
    }
    home(className, group, version, short);
  }
  return homes;
}

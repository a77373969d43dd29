import type { Resource } from "@skiff/api";

/** The group and plural name of a kind that a quota counts. */
export type CountedKind = Pick<Resource, "group" | "plural">;

const PLAIN = new Set(["configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services"]);
const POD_RESOURCE = /^((requests|limits)\..+|cpu|memory|ephemeral-storage|hugepages-.+)$/;

/**
 * The kind whose objects use the resource of that name in `spec.hard` of a quota: `count/deployments.apps`, `requests.cpu`,
 * `services.nodeports` and so on. `undefined` for names that nothing is counted under.
 */
export function countedKind(name: string): CountedKind | undefined {
  if (name.startsWith("count/")) {
    const counted = name.slice("count/".length);
    const dot = counted.indexOf(".");
    return dot < 0 ? { group: "", plural: counted } : { group: counted.slice(dot + 1), plural: counted.slice(0, dot) };
  }
  if (PLAIN.has(name)) return { group: "", plural: name };
  if (name === "services.nodeports" || name === "services.loadbalancers") return { group: "", plural: "services" };
  if (name === "requests.storage" || name.includes(".storageclass.storage.k8s.io/")) return { group: "", plural: "persistentvolumeclaims" };
  return POD_RESOURCE.test(name) ? { group: "", plural: "pods" } : undefined;
}

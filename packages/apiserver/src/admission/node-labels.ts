/** Labels of the Kubernetes domains that a kubelet may set on its own node. */
const KUBELET_LABELS = new Set([
  "kubernetes.io/hostname",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "node.kubernetes.io/instance-type",
  "beta.kubernetes.io/instance-type",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
]);
const KUBELET_DOMAINS = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const KUBERNETES_DOMAINS = ["kubernetes.io", "k8s.io"];

/**
 * The labels that differ and that a kubelet may not touch: all of the Kubernetes domains but its own, above all
 * `node-restriction.kubernetes.io/`. Sorted.
 */
export function forbiddenNodeLabels(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string[] {
  const changed = Object.keys({ ...before, ...after }).filter((label) => before[label] !== after[label]);
  return changed.filter((label) => !kubeletMaySet(label)).sort();
}

function kubeletMaySet(label: string): boolean {
  const [domain = "", name] = label.split("/");
  if (name === undefined || !isIn(domain, KUBERNETES_DOMAINS)) return true;
  return KUBELET_LABELS.has(label) || isIn(domain, KUBELET_DOMAINS);
}

function isIn(domain: string, domains: readonly string[]): boolean {
  return domains.some((other) => domain === other || domain.endsWith(`.${other}`));
}

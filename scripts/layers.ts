/**
 * The layers of the architecture, lowest first: a package imports only from lower layers. Packages of one layer do not
 * know each other, with the exceptions of {@link PORTS}.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ["base"],
  ["api"],
  ["store", "client"],
  ["apiserver", "controller-kit"],
  ["controllers", "scheduler", "kubelet", "proxy", "dns", "ingress", "kubectl", "dashboard", "cri", "cri-simulated", "nftables", "cni"],
  ["cluster"],
  ["cli"],
  ["skiff"],
];

/** Adapters know the package that declares the port which they implement. */
export const PORTS: Readonly<Record<string, string>> = { cri: "kubelet", "cri-simulated": "kubelet", nftables: "proxy" };

/** Packages that only the ones of higher layers may use, though the layer alone would allow more. */
export const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  "controller-kit": ["store"],
  controllers: ["store", "apiserver"],
  scheduler: ["store", "apiserver"],
  kubelet: ["store", "apiserver"],
  proxy: ["store", "apiserver"],
  dns: ["store", "apiserver"],
  ingress: ["store", "apiserver"],
  kubectl: ["store", "apiserver"],
  dashboard: ["store", "apiserver"],
};

/** Packages beside the layers: tests, benchmarks and examples may use everything. */
export const BESIDE: readonly string[] = ["bench", "e2e", "conformance", "simulator", "steps", "examples"];

/** Why `from` may not import `to`, or `undefined` when it may. Tests may use more, see {@link TEST_IMPORTS}. */
export function importProblem(from: string, to: string): string | undefined {
  if (from === to || BESIDE.includes(from)) return undefined;
  const fromLayer = LAYERS.findIndex((layer) => layer.includes(from));
  const toLayer = LAYERS.findIndex((layer) => layer.includes(to));
  if (fromLayer < 0) return `package ${from} is in no layer; add it to scripts/layers.ts`;
  if (toLayer < 0) return `package ${to} is in no layer`;
  if (FORBIDDEN[from]?.includes(to)) return `${from} must not know ${to}`;
  if (toLayer < fromLayer || PORTS[from] === to) return undefined;
  return `${from} (layer ${fromLayer}) must not import ${to} (layer ${toLayer})`;
}

/**
 * Packages that the tests of any package may use whatever their layer: an in-process cluster is the lowest rung on which
 * a control loop as a whole can be tested.
 */
export const TEST_IMPORTS: readonly string[] = ["base", "api", "store", "client", "apiserver", "cri-simulated", "kubelet"];

import { expect, it } from "vitest";
import type { PodSpec } from "./generated/types.ts";
import { podLimits, podRequests, type ResourceAmounts } from "./pod-resources.ts";

const asJson = (amounts: ResourceAmounts) => Object.fromEntries(Array.from(amounts, ([name, quantity]) => [name, quantity.toString()]));

const asks = (name: string, cpu: string, extra: object = {}): PodSpec["containers"][number] => ({
  name,
  resources: { requests: { cpu } },
  ...extra,
});

it.each<[string, PodSpec, string]>([
  ["the sum of the containers", { containers: [asks("a", "100m"), asks("b", "200m")] }, "300m"],
  ["the greediest init container", { initContainers: [asks("i", "1")], containers: [asks("a", "100m")] }, "1"],
  [
    "sidecars beside the containers",
    { initContainers: [asks("s", "1", { restartPolicy: "Always" })], containers: [asks("a", "100m")] },
    "1100m",
  ],
  [
    "an init container beside the sidecars before it",
    { initContainers: [asks("s", "1", { restartPolicy: "Always" }), asks("i", "2")], containers: [asks("a", "100m")] },
    "3",
  ],
  [
    "an init container before the sidecars",
    { initContainers: [asks("i", "2"), asks("s", "1", { restartPolicy: "Always" })], containers: [asks("a", "100m")] },
    "2",
  ],
  ["the Pod as a whole", { containers: [asks("a", "100m")], resources: { requests: { cpu: "5" } } }, "5"],
  ["with overhead", { containers: [asks("a", "100m")], overhead: { cpu: "50m" } }, "150m"],
])("counts %s", (_name, spec, cpu) => {
  expect(asJson(podRequests({ spec }))).toEqual({ cpu });
});

it("adds overhead only to limits that there are", () => {
  const spec: PodSpec = { containers: [{ name: "a", resources: { limits: { memory: "1Gi" } } }], overhead: { cpu: "50m", memory: "1Gi" } };
  expect(asJson(podLimits({ spec }))).toEqual({ memory: "2Gi" });
});

it("counts what a container still has while it is being made smaller", () => {
  const pod = {
    spec: { containers: [asks("a", "100m")] },
    status: { containerStatuses: [{ name: "a", resources: { requests: { cpu: "1" } } } as never] },
  };
  expect(asJson(podRequests(pod))).toEqual({ cpu: "100m" });
  expect(asJson(podRequests(pod, { useStatusResources: true }))).toEqual({ cpu: "1" });
});

import { expect, it } from "vitest";
import { pluralTitle } from "./resource-names.ts";

it.each([
  ["Deployment", "deployments", "Deployments"],
  ["NetworkPolicy", "networkpolicies", "NetworkPolicies"],
  ["Ingress", "ingresses", "Ingresses"],
  ["CSIDriver", "csidrivers", "CSIDrivers"],
  ["Endpoints", "endpoints", "Endpoints"],
  ["PodMetrics", "pods", "PodMetrics"],
  ["Person", "people", "Person"],
])("%s (%s) is written %s", (kind, plural, title) => {
  expect(pluralTitle({ kind, plural })).toBe(title);
});

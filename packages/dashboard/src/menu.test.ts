import { expect, it } from "vitest";
import type { DiscoveredResource } from "@skiff/client";
import { menuSections, renderMenu } from "./menu.ts";

function resource(group: string, kind: string, plural: string, namespaced = true): DiscoveredResource {
  return {
    group,
    version: "v1",
    kind,
    plural,
    namespaced,
    verbs: ["list", "get"],
    singular: "",
    shortNames: [],
    categories: [],
    subresources: [],
  };
}

const SERVED = [
  resource("", "Pod", "pods"),
  resource("", "Node", "nodes", false),
  resource("", "Service", "services"),
  resource("apps", "Deployment", "deployments"),
  resource("example.com", "Boat", "boats"),
  resource("extensions", "Deployment", "deployments"),
];

it("has built-in kinds in sections and custom ones under their group", () => {
  expect(menuSections(SERVED).map(({ title, resources }) => [title, resources.map(({ plural }) => plural)])).toEqual([
    ["Workloads", ["deployments", "pods"]],
    ["Services", ["services"]],
    ["Cluster", ["nodes"]],
    ["example.com", ["boats"]],
    ["extensions", ["deployments"]],
  ]);
});

it("keeps the namespace, marks where one is, and tells kinds of one name apart", () => {
  const text = renderMenu(menuSections(SERVED), "pods", "web").text.replace(/\s+/g, " ");
  expect(text).toContain('href="./list?resource=pods&amp;namespace=web" aria-current="page"');
  expect(text.match(/aria-current/g)).toHaveLength(1);
  expect(text).toContain('href="./list?resource=nodes"');
  expect(text).toContain("Deployments (extensions)");
});

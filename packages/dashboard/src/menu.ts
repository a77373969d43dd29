import { groupResource } from "@skiff/api";
import type { DiscoveredResource } from "@skiff/client";
import { address, listAddress } from "./addresses.ts";
import { html, type Html } from "./html.ts";
import { pluralTitle } from "./resource-names.ts";

interface SectionRule {
  readonly title: string;
  /** API groups whose resources belong here. */
  readonly groups: readonly string[];
  /** Resources of the core group that belong here. */
  readonly core: readonly string[];
}

/** The sections of built-in kinds. What none of them names stands under the name of its group. */
const SECTIONS: readonly SectionRule[] = [
  { title: "Workloads", groups: ["apps", "batch", "autoscaling", "policy"], core: ["pods", "replicationcontrollers", "podtemplates"] },
  { title: "Services", groups: ["networking.k8s.io", "discovery.k8s.io"], core: ["services", "endpoints"] },
  {
    title: "Config and storage",
    groups: ["storage.k8s.io"],
    core: ["configmaps", "secrets", "persistentvolumeclaims", "persistentvolumes", "limitranges", "resourcequotas"],
  },
  { title: "Access", groups: ["rbac.authorization.k8s.io", "certificates.k8s.io"], core: ["serviceaccounts"] },
  {
    title: "Cluster",
    groups: [
      "",
      "events.k8s.io",
      "node.k8s.io",
      "scheduling.k8s.io",
      "coordination.k8s.io",
      "metrics.k8s.io",
      "resource.k8s.io",
      "apiextensions.k8s.io",
      "apiregistration.k8s.io",
      "admissionregistration.k8s.io",
      "flowcontrol.apiserver.k8s.io",
    ],
    core: [],
  },
];

/** A part of the menu. */
interface MenuSection {
  readonly title: string;
  readonly resources: readonly DiscoveredResource[];
}

/** Everything that the server serves, in sections: the built-in ones first, then one for each group of custom resources. */
export function menuSections(resources: readonly DiscoveredResource[]): readonly MenuSection[] {
  const sections = new Map<string, DiscoveredResource[]>(SECTIONS.map(({ title }) => [title, []]));
  for (const resource of resources) {
    const { group, plural } = resource;
    const rule =
      SECTIONS.find(({ core }) => group === "" && core.includes(plural)) ?? SECTIONS.find(({ groups }) => groups.includes(group));
    const title = rule?.title ?? group;
    sections.set(title, [...(sections.get(title) ?? []), resource]);
  }
  const byTitle = (a: DiscoveredResource, b: DiscoveredResource): number => pluralTitle(a).localeCompare(pluralTitle(b), "en");
  return Array.from(sections, ([title, found]) => ({ title, resources: found.sort(byTitle) })).filter(
    (section) => section.resources.length > 0,
  );
}

/** The menu, for the kind that is looked at now. Links keep the namespace. */
export function renderMenu(sections: readonly MenuSection[], current: string | undefined, namespace: string | undefined): Html {
  const seen = new Set<string>();
  const link = (resource: DiscoveredResource): Html => {
    const isCurrent = groupResource(resource) === current;
    const title = pluralTitle(resource);
    // Some kinds are served by two groups.
    const inMenu = seen.has(title) ? `${title} (${resource.group})` : title;
    seen.add(title);
    return html`<li>
      <a href="${listAddress(resource, resource.namespaced ? namespace : undefined)}" ${isCurrent && html` aria-current="page"`}
        >${inMenu}</a
      >
    </li>`;
  };
  return html`<nav aria-label="Kinds of objects">
    <p><a href="${address("", { namespace })}" ${current === "" && html` aria-current="page"`}>Overview</a></p>
    ${sections.map(
      ({ title, resources }) =>
        html`<h2>${title}</h2>
          <ul>
            ${resources.map(link)}
          </ul>`,
    )}
  </nav>`;
}

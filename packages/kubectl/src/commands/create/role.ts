import type { JsonObject, JsonValue } from "@skiff/api";
import type { FlagDefinitions } from "../../flags.ts";
import { KubectlError } from "../../kubectl-error.ts";
import type { Session } from "../../session.ts";
import { array, list } from "./flag-definitions.ts";
import { generator } from "./generator.ts";

function rules({ flags }: Session): JsonValue[] {
  const verbs = flags.list("verb");
  const resources = flags.list("resource");
  const urls = flags.maybe("non-resource-url") === undefined ? [] : flags.list("non-resource-url");
  if (verbs.length === 0) throw new KubectlError("at least one verb must be specified");
  if (resources.length + urls.length === 0) throw new KubectlError("one of resource or nonResourceURL must be specified");
  const byGroup = new Map<string, string[]>();
  for (const resource of resources) {
    const [path = "", subresource] = resource.split("/");
    const [plural = "", ...group] = path.split(".");
    const key = group.join(".");
    byGroup.set(key, [...(byGroup.get(key) ?? []), subresource === undefined ? plural : `${plural}/${subresource}`]);
  }
  const names = flags.list("resource-name");
  const found: JsonValue[] = [...byGroup].map(([group, members]): JsonValue => ({
    apiGroups: [group],
    resources: members,
    ...(names.length > 0 ? { resourceNames: [...names] } : {}),
    verbs: [...verbs],
  }));
  if (urls.length > 0) found.push({ nonResourceURLs: [...urls], verbs: [...verbs] });
  return found;
}

const RULE_FLAGS: FlagDefinitions = {
  verb: list("Verb that applies to the resources contained in the rule"),
  resource: list("Resource that the rule applies to"),
  "resource-name": array("Resource in the white list that the rule applies to, repeat this flag for multiple items"),
};

/** Names such as `deploy` or `Pods` as the plural with its group, which is what rules carry. */
async function canonicalRules(session: Session): Promise<JsonValue[]> {
  const mapper = await session.mapper();
  const found: JsonValue[] = [];
  for (const rule of rules(session) as JsonObject[]) {
    const groups = new Map<string, string[]>();
    for (const word of (rule.resources ?? []) as string[]) {
      const [plural = "", subresource] = word.split("/");
      const group = (rule.apiGroups as string[])[0] ?? "";
      const known = plural === "*" ? undefined : await mapper.byName(group ? `${plural}.${group}` : plural);
      const name = known?.plural ?? plural;
      const key = known?.group ?? group;
      groups.set(key, [...(groups.get(key) ?? []), subresource === undefined ? name : `${name}/${subresource}`]);
    }
    if (groups.size === 0) found.push(rule);
    for (const [group, resources] of groups) found.push({ ...rule, apiGroups: [group], resources });
  }
  return found;
}

/** `kubectl create role`. */
export const role = generator("role", "Create a role with single rule", RULE_FLAGS, async (session, name) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name },
  rules: await canonicalRules(session),
}));

/** `kubectl create clusterrole`. */
export const clusterRole = generator(
  "clusterrole",
  "Create a cluster role",
  { ...RULE_FLAGS, "non-resource-url": list("A partial url that user should have access to.") },
  async (session, name) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name },
    rules: await canonicalRules(session),
  }),
);

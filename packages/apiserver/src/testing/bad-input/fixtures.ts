import type { HttpInput } from "./bad-input.ts";
import { configMap, CONFIG_MAPS, pod, PODS, service, SERVICES } from "./generators.ts";
import type { Lab } from "./lab.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
const post = (path: string, body: object): HttpInput => ({ method: "POST", path, body });

/** What the rows of the table find: objects that are fine, users with few rights, two nodes. */
export async function putObjects(lab: Lab): Promise<void> {
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "jane" } };
  const rules = [
    { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"], verbs: ["get", "create", "update", "patch"] },
  ];
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "jane" };
  const subjects = [{ kind: "User", name: "jane", apiGroup: "rbac.authorization.k8s.io" }];
  const account = (name: string): HttpInput =>
    post("/api/v1/namespaces/default/serviceaccounts", { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
  const inputs: HttpInput[] = [
    account("default"),
    account("builder"),
    ...["node-a", "node-b"].map((name) => post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name } })),
    post(CONFIG_MAPS, configMap("kept")),
    post(CONFIG_MAPS, configMap("kept-too")),
    post(PODS, pod("kept", { nodeName: "node-a" })),
    post(PODS, pod("elsewhere", { nodeName: "node-b" })),
    post("/api/v1/namespaces/default/secrets", { apiVersion: "v1", kind: "Secret", metadata: { name: "foreign" } }),
    post(SERVICES, service("taken", { type: "NodePort", ports: [{ port: 80, nodePort: 30_080 }] })),
    post(`${RBAC}/roles`, { ...role, rules }),
    post(`${RBAC}/rolebindings`, { ...role, kind: "RoleBinding", roleRef, subjects }),
  ];
  for (const input of inputs) {
    const answer = await lab.send(input);
    if (answer.status !== 201) throw new Error(`${input.path}: ${answer.text}`);
  }
}

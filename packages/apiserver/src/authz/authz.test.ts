import {
  type ClusterRole,
  type ClusterRoleBinding,
  type PersistentVolume,
  type Pod,
  type PolicyRule,
  type Role,
  type RoleBinding,
  type Subject,
} from "@skiff/api";
import { describe, expect, it } from "vitest";
import type { AdmissionRequest } from "../admission.ts";
import type { RequestAttributes } from "../attributes.ts";
import type { UserInfo } from "../user.ts";
import { reviewSelfRules, reviewSelfSubjectAccess, reviewSubjectAccess } from "./access-review.ts";
import { DEFAULT_POLICY } from "./bootstrap-policy/default-policy.ts";
import { forbiddenError } from "./forbidden.ts";
import { NodeAuthorizer } from "./node/node-authorizer.ts";
import { RbacEscalationCheck } from "./rbac/escalation.ts";
import { RbacAuthorizer } from "./rbac/rbac-authorizer.ts";
import type { RbacSource } from "./rbac/rbac-source.ts";
import { missingRights } from "./rbac/rule-covers.ts";
import { SuperuserAuthorizer, UnionAuthorizer } from "./union-authorizer.ts";

class Source implements RbacSource {
  readonly roleMap = new Map<string, Role>();
  readonly clusterRoleMap = new Map<string, ClusterRole>();
  readonly bindings: RoleBinding[] = [];
  readonly clusterBindings: ClusterRoleBinding[] = [];
  #listener: (namespace: string | undefined) => void = () => {};

  role = (namespace: string, name: string): Role | undefined => this.roleMap.get(`${namespace}/${name}`);
  clusterRole = (name: string): ClusterRole | undefined => this.clusterRoleMap.get(name);
  roleBindings = (namespace: string): RoleBinding[] => this.bindings.filter((binding) => binding.metadata?.namespace === namespace);
  clusterRoleBindings = (): ClusterRoleBinding[] => this.clusterBindings;
  onChange(listener: (namespace: string | undefined) => void): () => void {
    this.#listener = listener;
    return () => {};
  }
  clusterRoleOf(name: string, rules: PolicyRule[]): this {
    this.clusterRoleMap.set(name, { metadata: { name }, rules });
    this.#listener(undefined);
    return this;
  }
  roleOf(namespace: string, name: string, rules: PolicyRule[]): this {
    this.roleMap.set(`${namespace}/${name}`, { metadata: { namespace, name }, rules });
    this.#listener(namespace);
    return this;
  }
  bind(namespace: string, kind: "Role" | "ClusterRole", role: string, ...subjects: Subject[]): this {
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind, name: role };
    if (namespace === "") this.clusterBindings.push({ metadata: { name: role }, roleRef, subjects });
    else this.bindings.push({ metadata: { name: role, namespace }, roleRef, subjects });
    this.#listener(namespace === "" ? undefined : namespace);
    return this;
  }
}

const user = (name: string): Subject => ({ kind: "User", name });
const jane: UserInfo = { name: "jane", groups: ["dev", "system:authenticated"] };
const ask = (attributes: Partial<RequestAttributes>): RequestAttributes => ({
  user: jane,
  verb: "get",
  group: "",
  version: "v1",
  resource: "pods",
  subresource: "",
  namespace: "default",
  name: "",
  path: "",
  isResourceRequest: true,
  ...attributes,
});
const path = (path: string): Partial<RequestAttributes> => ({ isResourceRequest: false, path, resource: "", namespace: "" });

describe("RBAC rules", () => {
  it.each<[string, PolicyRule, Partial<RequestAttributes>, boolean]>([
    ["equal", { verbs: ["get"], apiGroups: [""], resources: ["pods"] }, {}, true],
    ["another verb", { verbs: ["list"], apiGroups: [""], resources: ["pods"] }, {}, false],
    ["another group", { verbs: ["get"], apiGroups: ["apps"], resources: ["pods"] }, {}, false],
    ["any verb, group and resource", { verbs: ["*"], apiGroups: ["*"], resources: ["*"] }, {}, true],
    ["any resource covers subresources", { verbs: ["*"], apiGroups: ["*"], resources: ["*"] }, { subresource: "log" }, true],
    [
      "the resource does not cover its subresources",
      { verbs: ["get"], apiGroups: [""], resources: ["pods"] },
      { subresource: "log" },
      false,
    ],
    ["the subresource does not cover the resource", { verbs: ["get"], apiGroups: [""], resources: ["pods/log"] }, {}, false],
    ["a subresource", { verbs: ["get"], apiGroups: [""], resources: ["pods/log"] }, { subresource: "log" }, true],
    ["a subresource of anything", { verbs: ["get"], apiGroups: [""], resources: ["*/scale"] }, { subresource: "scale" }, true],
    ["no wildcard behind the resource", { verbs: ["get"], apiGroups: [""], resources: ["pods/*"] }, { subresource: "log" }, false],
    ["a name", { verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["a"] }, { name: "a" }, true],
    ["another name", { verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["a"] }, { name: "b" }, false],
    ["a list has no name", { verbs: ["list"], apiGroups: [""], resources: ["pods"], resourceNames: ["a"] }, { verb: "list" }, false],
    ["a path", { verbs: ["get"], nonResourceURLs: ["/healthz"] }, path("/healthz"), true],
    ["paths below", { verbs: ["get"], nonResourceURLs: ["/apis/*"] }, path("/apis/apps"), true],
    ["not a longer name", { verbs: ["get"], nonResourceURLs: ["/healthz"] }, path("/healthzz"), false],
    ["resource rules say nothing about paths", { verbs: ["*"], apiGroups: ["*"], resources: ["*"] }, path("/healthz"), false],
  ])("%s", (_name, rule, attributes, allowed) => {
    const rbac = new RbacAuthorizer(new Source().clusterRoleOf("r", [rule]).bind("", "ClusterRole", "r", user("jane")));
    expect(rbac.authorize(ask(attributes)).decision).toBe(allowed ? "allow" : "noOpinion");
  });
});

describe("RBAC bindings", () => {
  const read: PolicyRule[] = [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }];
  const allowed = (rbac: RbacAuthorizer, attributes: Partial<RequestAttributes> = {}): boolean =>
    rbac.authorize(ask(attributes)).decision === "allow";

  it("in a namespace count there only, with Roles and ClusterRoles", () => {
    const source = new Source().roleOf("default", "r", read).clusterRoleOf("c", read);
    const rbac = new RbacAuthorizer(source.bind("default", "Role", "r", user("jane")).bind("other", "ClusterRole", "c", user("joe")));
    expect(allowed(rbac)).toBe(true);
    expect(allowed(rbac, { namespace: "other" })).toBe(false);
    expect(allowed(rbac, { namespace: "" })).toBe(false);
    expect(allowed(rbac, { namespace: "other", user: { name: "joe", groups: [] } })).toBe(true);
  });

  it.each<[string, Subject, UserInfo, boolean]>([
    ["groups", { kind: "Group", name: "dev" }, jane, true],
    ["not groups as users", { kind: "User", name: "dev" }, jane, false],
    [
      "service accounts of the binding's namespace",
      { kind: "ServiceAccount", name: "b" },
      { name: "system:serviceaccount:default:b", groups: [] },
      true,
    ],
    [
      "service accounts elsewhere",
      { kind: "ServiceAccount", name: "b", namespace: "x" },
      { name: "system:serviceaccount:x:b", groups: [] },
      true,
    ],
    [
      "not the namesake",
      { kind: "ServiceAccount", name: "b", namespace: "x" },
      { name: "system:serviceaccount:default:b", groups: [] },
      false,
    ],
  ])("name %s", (_name, subject, who, expected) => {
    const rbac = new RbacAuthorizer(new Source().roleOf("default", "r", read).bind("default", "Role", "r", subject));
    expect(allowed(rbac, { user: who })).toBe(expected);
  });

  it("are followed when they or their roles change", () => {
    const source = new Source();
    const rbac = new RbacAuthorizer(source);
    expect(allowed(rbac)).toBe(false);
    source.bind("default", "ClusterRole", "c", user("jane"));
    expect(rbac.authorize(ask({})).reason).toBe('RBAC: clusterrole.rbac.authorization.k8s.io "c" not found');
    source.clusterRoleOf("c", read);
    expect(rbac.authorize(ask({}))).toEqual({
      decision: "allow",
      reason: 'RBAC: allowed by RoleBinding "c/default" of ClusterRole "c" to User "jane"',
    });
    source.clusterRoleOf("c", []);
    expect(allowed(rbac)).toBe(false);
  });
});

describe("the 403", () => {
  it.each<[Partial<RequestAttributes>, string]>([
    [{ verb: "list" }, 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"'],
    [
      { name: "web", group: "apps", resource: "deployments", subresource: "scale" },
      'deployments.apps "web" is forbidden: User "jane" cannot get resource "deployments/scale" in API group "apps" in the namespace "default"',
    ],
    [
      { resource: "nodes", namespace: "", verb: "watch" },
      'nodes is forbidden: User "jane" cannot watch resource "nodes" in API group "" at the cluster scope',
    ],
    [path("/metrics"), 'forbidden: User "jane" cannot get path "/metrics"'],
  ])("for %j", (attributes, message) => {
    expect(forbiddenError(ask(attributes)).message).toBe(message);
  });
});

describe("access reviews", () => {
  const rules: PolicyRule[] = [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }];
  const rbac = new RbacAuthorizer(new Source().roleOf("default", "r", rules).bind("default", "Role", "r", user("jane")));
  const authorizer = new UnionAuthorizer([new SuperuserAuthorizer(), rbac]);
  const resourceAttributes = { verb: "get", resource: "pods", namespace: "default" };

  it("tell what someone may do", () => {
    expect(reviewSelfSubjectAccess(authorizer, { spec: { resourceAttributes } }, jane).status?.allowed).toBe(true);
    expect(reviewSubjectAccess(authorizer, { spec: { user: "joe", resourceAttributes } }).status).toEqual({ allowed: false });
    expect(reviewSubjectAccess(authorizer, { spec: { groups: ["system:masters"], resourceAttributes } }).status).toEqual({ allowed: true });
    expect(reviewSelfRules(rbac, { spec: { namespace: "default" } }, jane).status).toEqual({
      resourceRules: rules,
      nonResourceRules: [],
      incomplete: false,
    });
  });

  it("must say about whom and what", () => {
    expect(() => reviewSubjectAccess(authorizer, { spec: { user: "joe" } })).toThrow(
      /exactly one of nonResourceAttributes or resourceAttributes/,
    );
    expect(() => reviewSubjectAccess(authorizer, { spec: { resourceAttributes } })).toThrow(
      /at least one of user or group must be specified/,
    );
  });
});

it.each<[string, PolicyRule[], PolicyRule[], PolicyRule[]]>([
  [
    "nothing of what is owned",
    [{ verbs: ["get", "list"], apiGroups: [""], resources: ["pods"] }],
    [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }],
    [],
  ],
  [
    "nothing below wildcards",
    [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
    [{ verbs: ["x"], apiGroups: ["y"], resources: ["z/w"] }],
    [],
  ],
  [
    "wildcards themselves",
    [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }],
    [{ verbs: ["get"], apiGroups: [""], resources: ["*"] }],
    [{ verbs: ["get"], apiGroups: [""], resources: ["*"] }],
  ],
  [
    "all names when one is owned",
    [{ verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["a"] }],
    [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }],
    [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }],
  ],
  [
    "nothing when a subresource of all is owned",
    [{ verbs: ["get"], apiGroups: ["*"], resources: ["*/scale"] }],
    [{ verbs: ["get"], apiGroups: ["apps"], resources: ["deployments/scale"] }],
    [],
  ],
  [
    "paths",
    [{ verbs: ["get"], nonResourceURLs: ["/api/*"] }],
    [{ verbs: ["get"], nonResourceURLs: ["/api/x", "/metrics"] }],
    [{ verbs: ["get"], nonResourceURLs: ["/metrics"] }],
  ],
])("missing rights: %s", (_name, owned, wanted, missing) => {
  expect(missingRights(owned, wanted)).toEqual(missing);
});

describe("escalation", () => {
  const source = new Source()
    .clusterRoleOf("reader", [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }])
    .clusterRoleOf("powerful", [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }])
    .clusterRoleOf("binder", [
      { verbs: ["bind"], apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterroles"], resourceNames: ["powerful"] },
    ])
    .bind("", "ClusterRole", "reader", user("jane"))
    .bind("", "ClusterRole", "binder", user("joe"));
  const rbac = new RbacAuthorizer(source);
  const check = new RbacEscalationCheck(rbac, new UnionAuthorizer([new SuperuserAuthorizer(), rbac]));
  const request = (kind: string, object: object, who: UserInfo = jane, oldObject?: object): AdmissionRequest =>
    ({
      operation: oldObject === undefined ? "CREATE" : "UPDATE",
      kind: { group: "rbac.authorization.k8s.io", kind, plural: `${kind.toLowerCase()}s` },
      subresource: "",
      namespace: "default",
      name: "x",
      user: who,
      object: { metadata: { name: "x" }, ...object },
      oldObject,
    }) as unknown as AdmissionRequest;
  const roleRef = (name: string): object => ({ roleRef: { kind: "ClusterRole", name }, subjects: [user("jane")] });

  it("is refused with the rights that are missing", () => {
    const rules = [{ verbs: ["get", "list", "delete"], apiGroups: [""], resources: ["pods"] }];
    expect(() => check.validate(request("Role", { rules }))).toThrow(
      'roles.rbac.authorization.k8s.io "x" is forbidden: user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["list" "delete"]}',
    );
    expect(() => check.validate(request("RoleBinding", roleRef("powerful")))).toThrow(/not currently held/);
    expect(() => check.validate(request("ClusterRole", { rules: [], aggregationRule: {} }))).toThrow(/must have cluster-admin privileges/);
    expect(() => check.validate(request("RoleBinding", roleRef("missing")))).toThrow(/"missing" not found/);
  });

  it.each<[string, AdmissionRequest]>([
    ["own rights", request("Role", { rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }] })],
    ["own rights by binding", request("RoleBinding", roleRef("reader"))],
    ["the verb bind", request("ClusterRoleBinding", roleRef("powerful"), { name: "joe", groups: [] })],
    ["superusers", request("ClusterRoleBinding", roleRef("powerful"), { name: "root", groups: ["system:masters"] })],
    ["rules that stay as they were", request("Role", { rules: [{ verbs: ["*"] }] }, jane, { rules: [{ verbs: ["*"] }] })],
  ])("is none: %s", (_name, admission) => {
    expect(() => check.validate(admission)).not.toThrow();
  });
});

describe("nodes", () => {
  const pod: Pod = {
    metadata: { namespace: "default", name: "web" },
    spec: {
      nodeName: "a",
      serviceAccountName: "builder",
      containers: [
        {
          name: "c",
          envFrom: [{ configMapRef: { name: "env" } }],
          env: [{ name: "P", valueFrom: { secretKeyRef: { name: "db", key: "k" } } }],
        },
      ],
      volumes: [
        { name: "data", persistentVolumeClaim: { claimName: "data" } },
        { name: "scratch", ephemeral: {} },
        { name: "token", projected: { sources: [{ configMap: { name: "kube-root-ca.crt" } }] } },
      ],
    },
  };
  const volume: PersistentVolume = {
    metadata: { name: "pv" },
    spec: {
      claimRef: { namespace: "default", name: "data" },
      csi: { driver: "d", volumeHandle: "h", nodeStageSecretRef: { name: "csi", namespace: "storage" } },
    },
  };
  const authorizer = new NodeAuthorizer({
    podsOnNode: (node) => (node === "a" ? [pod] : []),
    pod: (_namespace, name) => (name === "web" ? pod : undefined),
    persistentVolume: (name) => (name === "pv" ? volume : undefined),
    volumeAttachment: () => ({ metadata: { name: "va" }, spec: { nodeName: "a", attacher: "d", source: {} } }),
    volumeOfClaim: (_namespace, name) => (name === "data" ? volume : undefined),
  });
  const node = (name: string): UserInfo => ({ name: `system:node:${name}`, groups: ["system:nodes"] });

  it.each<[string, Partial<RequestAttributes>]>([
    ["secrets in the environment", { resource: "secrets", name: "db" }],
    ["secrets of volumes", { resource: "secrets", namespace: "storage", name: "csi" }],
    ["config maps in the environment", { resource: "configmaps", name: "env" }],
    ["config maps in projected volumes", { resource: "configmaps", name: "kube-root-ca.crt", verb: "watch" }],
    ["claims", { resource: "persistentvolumeclaims", name: "data" }],
    ["claims of ephemeral volumes", { resource: "persistentvolumeclaims", name: "web-scratch" }],
    ["the status of claims", { resource: "persistentvolumeclaims", name: "data", subresource: "status", verb: "patch" }],
    ["volumes", { resource: "persistentvolumes", namespace: "", name: "pv" }],
    ["attachments", { group: "storage.k8s.io", resource: "volumeattachments", namespace: "", name: "va" }],
    ["tokens of its pods", { resource: "serviceaccounts", subresource: "token", name: "builder", verb: "create" }],
    ["its pods", { resource: "pods", name: "web" }],
  ])("read %s that their pods use, others do not", (_name, attributes) => {
    expect(authorizer.authorize(ask({ ...attributes, user: node("a") })).decision).toBe("allow");
    const other = authorizer.authorize(ask({ ...attributes, user: node("b") }));
    expect(other).toEqual({ decision: "noOpinion", reason: "no relationship found between node 'b' and this object" });
  });

  it.each<[string, Partial<RequestAttributes>, boolean]>([
    ["its node", { resource: "nodes", namespace: "", name: "a" }, true],
    ["another node", { resource: "nodes", namespace: "", name: "b" }, false],
    ["all nodes", { resource: "nodes", namespace: "", verb: "list", fieldSelector: "" }, false],
    ["the list of its node", { resource: "nodes", namespace: "", verb: "list", name: "a", fieldSelector: "metadata.name=a" }, true],
    ["all pods", { verb: "list", namespace: "", fieldSelector: "" }, false],
    ["its pods", { verb: "watch", namespace: "", fieldSelector: "spec.nodeName=a" }, true],
    ["the pods of another", { verb: "watch", namespace: "", fieldSelector: "spec.nodeName=b" }, false],
    ["secrets as a list", { verb: "list", resource: "secrets" }, false],
    ["writing secrets", { verb: "update", resource: "secrets", name: "db" }, false],
    ["its lease", { group: "coordination.k8s.io", resource: "leases", namespace: "kube-node-lease", name: "a", verb: "update" }, true],
    ["another lease", { group: "coordination.k8s.io", resource: "leases", namespace: "kube-node-lease", name: "b", verb: "update" }, false],
    ["leases elsewhere", { group: "coordination.k8s.io", resource: "leases", namespace: "kube-system", name: "a" }, false],
    ["services", { resource: "services", verb: "watch", namespace: "" }, true],
    ["deployments", { group: "apps", resource: "deployments", verb: "get" }, false],
    ["status of pods", { verb: "patch", subresource: "status", name: "web" }, true],
  ])("%s", (_name, attributes, allowed) => {
    expect(authorizer.authorize(ask({ ...attributes, user: node("a") })).decision).toBe(allowed ? "allow" : "noOpinion");
  });

  it("are those with name and group only", () => {
    expect(authorizer.authorize(ask({ user: { name: "system:node:a", groups: [] }, resource: "services" })).decision).toBe("noOpinion");
  });
});

describe("the default policy", () => {
  const source = new Source();
  for (const role of DEFAULT_POLICY.clusterRoles) source.clusterRoleOf(role.metadata?.name ?? "", role.rules ?? []);
  source.clusterBindings.push(...DEFAULT_POLICY.clusterRoleBindings);
  const rbac = new RbacAuthorizer(source);
  const may = (who: UserInfo, attributes: Partial<RequestAttributes>): boolean =>
    rbac.authorize(ask({ user: who, ...attributes })).decision === "allow";
  const controller = (name: string): UserInfo => ({ name: `system:serviceaccount:kube-system:${name}`, groups: [] });

  it("binds only roles that there are, each name once", () => {
    const names = DEFAULT_POLICY.clusterRoles.map((role) => role.metadata?.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { roleRef } of DEFAULT_POLICY.clusterRoleBindings) expect(names).toContain(roleRef.name);
    for (const { metadata, roleRef } of DEFAULT_POLICY.roleBindings) {
      expect(
        DEFAULT_POLICY.roles.some((role) => role.metadata?.name === roleRef.name && role.metadata.namespace === metadata?.namespace),
      ).toBe(true);
    }
  });

  it.each<[string, UserInfo, Partial<RequestAttributes>, boolean]>([
    ["anyone learns the version", { name: "x", groups: ["system:unauthenticated"] }, path("/version"), true],
    ["not everyone discovers", { name: "x", groups: ["system:unauthenticated"] }, path("/apis"), false],
    ["users discover", jane, path("/apis/apps/v1"), true],
    [
      "users ask what they may",
      jane,
      { verb: "create", group: "authorization.k8s.io", resource: "selfsubjectaccessreviews", namespace: "" },
      true,
    ],
    ["users read no secrets", jane, { resource: "secrets" }, false],
    ["the scheduler binds", { name: "system:kube-scheduler", groups: [] }, { verb: "create", subresource: "binding" }, true],
    [
      "the scheduler claims volumes",
      { name: "system:kube-scheduler", groups: [] },
      { verb: "update", resource: "persistentvolumeclaims" },
      true,
    ],
    [
      "the deployment controller makes replica sets",
      controller("deployment-controller"),
      { verb: "create", group: "apps", resource: "replicasets" },
      true,
    ],
    ["the deployment controller makes no pods", controller("deployment-controller"), { verb: "create" }, false],
    [
      "the proxy watches slices",
      { name: "system:kube-proxy", groups: [] },
      { verb: "watch", group: "discovery.k8s.io", resource: "endpointslices", namespace: "" },
      true,
    ],
  ])("%s", (_name, who, attributes, expected) => {
    expect(may(who, attributes)).toBe(expected);
  });
});

it("looks at the bindings when they change, not for each decision", () => {
  let reads = 0;
  const source = new (class extends Source {
    override clusterRoleBindings = (): ClusterRoleBinding[] => {
      reads++;
      return this.clusterBindings;
    };
    override clusterRole = (name: string): ClusterRole | undefined => {
      reads++;
      return this.clusterRoleMap.get(name);
    };
  })();
  for (const role of DEFAULT_POLICY.clusterRoles) source.clusterRoleOf(role.metadata?.name ?? "", role.rules ?? []);
  source.clusterBindings.push(...DEFAULT_POLICY.clusterRoleBindings);
  const rbac = new RbacAuthorizer(source);
  const attributes = ask({ user: { name: "system:kube-scheduler", groups: ["system:authenticated"] }, resource: "secrets" });
  rbac.authorize(attributes);
  expect(reads).toBeGreaterThan(0);
  reads = 0;
  for (let round = 0; round < 100; round++) rbac.authorize(attributes);
  expect(reads).toBe(0);
});

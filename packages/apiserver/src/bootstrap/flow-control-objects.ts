import type { FlowSchema, PriorityLevelConfiguration, Subject } from "@skiff/api";

const API_VERSION = "flowcontrol.apiserver.k8s.io/v1";
/** Says that the server keeps the object as it should be. */
const ANNOTATIONS = { "apf.kubernetes.io/autoupdate-spec": "true" } as const;

type FlowSubject = NonNullable<NonNullable<NonNullable<FlowSchema["spec"]>["rules"]>[number]["subjects"]>[number];

function group(name: string): FlowSubject {
  return { kind: "Group" satisfies Subject["kind"], group: { name } };
}

/** The priority levels that every cluster must have (KEP-1040). */
export const MANDATORY_PRIORITY_LEVELS: readonly PriorityLevelConfiguration[] = [
  {
    apiVersion: API_VERSION,
    kind: "PriorityLevelConfiguration",
    metadata: { name: "exempt", annotations: { ...ANNOTATIONS } },
    spec: { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  },
  {
    apiVersion: API_VERSION,
    kind: "PriorityLevelConfiguration",
    metadata: { name: "catch-all", annotations: { ...ANNOTATIONS } },
    spec: { type: "Limited", limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: "Reject" } } },
  },
];

/** The flow schemas that every cluster must have (KEP-1040). */
export const MANDATORY_FLOW_SCHEMAS: readonly FlowSchema[] = [
  mandatorySchema("exempt", 1, [group("system:masters")]),
  mandatorySchema("catch-all", 10_000, [group("system:unauthenticated"), group("system:authenticated")]),
];

function mandatorySchema(name: string, matchingPrecedence: number, subjects: FlowSubject[]): FlowSchema {
  return {
    apiVersion: API_VERSION,
    kind: "FlowSchema",
    metadata: { name, annotations: { ...ANNOTATIONS } },
    spec: {
      priorityLevelConfiguration: { name },
      matchingPrecedence,
      ...(name === "catch-all" ? { distinguisherMethod: { type: "ByUser" } } : {}),
      rules: [
        {
          subjects,
          resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }],
          nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
        },
      ],
    },
  };
}

import type {
  ClusterRoleBinding,
  FlowSchema,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  PriorityLevelConfiguration,
  ResourceClaim,
  ResourceSlice,
  RoleBinding,
  Subject,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from "../generated/types.ts";
import type { Column } from "../kind.ts";
import { ageColumn, NONE, numberColumn, textColumn } from "./common-columns.ts";

const subjects = (list: readonly Subject[] | undefined, kind: string): string =>
  (list ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === "ServiceAccount" ? `${namespace ?? ""}/${name}` : name))
    .join(", ");

/** What `kubectl get rolebindings` and `clusterrolebindings` show. */
export const roleBindingColumns: readonly Column<RoleBinding | ClusterRoleBinding>[] = [
  textColumn(
    "Role",
    "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace.",
    ({ roleRef }) => `${roleRef?.kind}/${roleRef?.name}`,
  ),
  ageColumn,
  textColumn("Users", "Users in the roleBinding", (binding) => subjects(binding.subjects, "User"), 1),
  textColumn("Groups", "Groups in the roleBinding", (binding) => subjects(binding.subjects, "Group"), 1),
  textColumn("ServiceAccounts", "ServiceAccounts in the roleBinding", (binding) => subjects(binding.subjects, "ServiceAccount"), 1),
];

/** What `kubectl get` shows of configurations of webhooks. */
export const webhookConfigurationColumns: readonly Column<ValidatingWebhookConfiguration | MutatingWebhookConfiguration>[] = [
  numberColumn("Webhooks", "Webhooks is a list of webhooks and the affected resources and operations.", ({ webhooks }) => webhooks?.length),
  ageColumn,
];

const paramKind = (kind: { apiVersion?: string; kind?: string } | undefined): string =>
  kind ? `${kind.apiVersion}/${kind.kind}` : "<unset>";

/** What `kubectl get validatingadmissionpolicies` shows. */
export const validatingAdmissionPolicyColumns: readonly Column<ValidatingAdmissionPolicy>[] = [
  numberColumn(
    "Validations",
    "Validations contain CEL expressions which is used to apply the validation.",
    ({ spec }) => spec?.validations?.length,
  ),
  textColumn("ParamKind", "ParamKind specifies the kind of resources used to parameterize this policy.", ({ spec }) =>
    paramKind(spec?.paramKind),
  ),
  ageColumn,
];

/** What `kubectl get mutatingadmissionpolicies` shows. */
export const mutatingAdmissionPolicyColumns: readonly Column<MutatingAdmissionPolicy>[] = [
  numberColumn(
    "Mutations",
    "Mutations contain CEL expressions which is used to apply the mutation.",
    ({ spec }) => spec?.mutations?.length,
  ),
  textColumn("ParamKind", "ParamKind specifies the kind of resources used to parameterize this policy.", ({ spec }) =>
    paramKind(spec?.paramKind),
  ),
  ageColumn,
];

/** What `kubectl get` shows of bindings of admission policies. */
export const admissionPolicyBindingColumns: readonly Column<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding>[] = [
  textColumn("PolicyName", "PolicyName indicates the policy definition which the policy binding binded to", ({ spec }) => spec?.policyName),
  textColumn("ParamRef", "ParamRef indicates the param resource which sets the configration param", ({ spec }) => {
    const { name, namespace, selector } = spec?.paramRef ?? {};
    if (name) return namespace ? `${namespace}/${name}` : `*/${name}`;
    return selector ? `${namespace ?? "*"}/` : "<unset>";
  }),
  ageColumn,
];

/** What `kubectl get flowschemas` shows. */
export const flowSchemaColumns: readonly Column<FlowSchema>[] = [
  textColumn(
    "PriorityLevel",
    "name is the name of the priority level configuration being referenced Required.",
    ({ spec }) => spec?.priorityLevelConfiguration?.name,
  ),
  numberColumn(
    "MatchingPrecedence",
    "matchingPrecedence is used to choose among the FlowSchemas that match a given request.",
    ({ spec }) => spec?.matchingPrecedence,
  ),
  textColumn(
    "DistinguisherMethod",
    "distinguisherMethod defines how to compute the flow distinguisher for requests that match this schema.",
    ({ spec }) => spec?.distinguisherMethod?.type ?? NONE,
  ),
  ageColumn,
  textColumn(
    "MissingPL",
    "references a broken or non-existent PriorityLevelConfiguration",
    ({ status }) => status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?",
  ),
];

/** What `kubectl get prioritylevelconfigurations` shows. */
export const priorityLevelColumns: readonly Column<PriorityLevelConfiguration>[] = [
  textColumn("Type", "type indicates whether this priority level is subject to limitation on request execution.", ({ spec }) => spec?.type),
  textColumn(
    "NominalConcurrencyShares",
    "nominalConcurrencyShares (NCS) contributes to the computation of the NominalConcurrencyLimit of this level.",
    ({ spec }) => `${(spec?.limited ?? spec?.exempt)?.nominalConcurrencyShares ?? NONE}`,
  ),
  textColumn(
    "Queues",
    "queues is the number of queues for this priority level.",
    ({ spec }) => `${spec?.limited?.limitResponse?.queuing?.queues ?? NONE}`,
  ),
  textColumn(
    "HandSize",
    "handSize is a small positive number that configures the shuffle sharding of requests into queues.",
    ({ spec }) => `${spec?.limited?.limitResponse?.queuing?.handSize ?? NONE}`,
  ),
  textColumn(
    "QueueLengthLimit",
    "queueLengthLimit is the maximum number of requests allowed to be waiting in a given queue of this priority level at a time.",
    ({ spec }) => `${spec?.limited?.limitResponse?.queuing?.queueLengthLimit ?? NONE}`,
  ),
  ageColumn,
];

function claimState({ metadata, status }: ResourceClaim): string {
  const states = [
    ...(metadata?.deletionTimestamp === undefined ? [] : ["deleted"]),
    ...(status?.allocation ? ["allocated"] : ["pending"]),
    ...((status?.reservedFor ?? []).length > 0 ? ["reserved"] : []),
  ];
  return states.join(",");
}

/** What `kubectl get resourceclaims` shows. */
export const resourceClaimColumns: readonly Column<ResourceClaim>[] = [
  textColumn("State", "A summary of the current state (allocated, pending, reserved, etc.).", claimState),
  ageColumn,
];

/** What `kubectl get resourceslices` shows. */
export const resourceSliceColumns: readonly Column<ResourceSlice>[] = [
  textColumn("Node", "NodeName identifies the node which provides the resources in this pool.", ({ spec }) => spec?.nodeName || "<unset>"),
  textColumn("Driver", "Driver identifies the DRA driver providing the capacity information.", ({ spec }) => spec?.driver),
  textColumn("Pool", "Name is used to identify the pool.", ({ spec }) => spec?.pool?.name),
  ageColumn,
];

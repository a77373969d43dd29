import { type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressClass,
  IPAddress,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  ServiceCIDR,
} from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { immutable, invalidEach, optionalOneOf, requiredText } from "./field-checks.ts";
import { ipFamily, isIpAddress, validateCidr } from "./ip-address.ts";
import { validateLabelSelector } from "./labels.ts";
import { checkDns1035Label, checkDnsSubdomain, checkPortName, checkPortNumber, checkWildcardSubdomain } from "./names.ts";

function validatePolicyPort(port: NetworkPolicyPort, field: string): FieldError[] {
  const errors = optionalOneOf(`${field}.protocol`, port.protocol, ["SCTP", "TCP", "UDP"]);
  if (port.port === undefined) {
    if (port.endPort !== undefined)
      errors.push(invalidValue(`${field}.endPort`, port.endPort, "may not be specified when `port` is not specified"));
    return errors;
  }
  if (typeof port.port === "string") {
    if (port.endPort !== undefined)
      errors.push(invalidValue(`${field}.endPort`, port.endPort, "may not be specified when `port` is non-numeric"));
    return [...errors, ...invalidEach(`${field}.port`, port.port, checkPortName(port.port))];
  }
  errors.push(...invalidEach(`${field}.port`, port.port, checkPortNumber(port.port)));
  if (port.endPort !== undefined && port.endPort < port.port) {
    errors.push(invalidValue(`${field}.endPort`, port.endPort, "must be greater than or equal to `port`"));
  }
  return errors;
}

function validateBlock(block: NonNullable<NetworkPolicyPeer["ipBlock"]>, field: string): FieldError[] {
  if (!block.cidr) return [required(`${field}.cidr`)];
  const errors = validateCidr(`${field}.cidr`, block.cidr);
  for (const [index, except] of (block.except ?? []).entries()) {
    const at = `${field}.except[${index}]`;
    const wrong = validateCidr(at, except);
    errors.push(...wrong);
    if (wrong.length > 0 || errors.length > 0) continue;
    const length = (text: string): number => Number(text.split("/")[1]);
    if (ipFamily(except) !== ipFamily(block.cidr) || length(except) <= length(block.cidr)) {
      errors.push(invalidValue(at, except, `must be a strict subset of \`cidr\``));
    }
  }
  return errors;
}

function validatePeer(peer: NetworkPolicyPeer, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const peers = [peer.podSelector, peer.namespaceSelector].filter((one) => one !== undefined).length;
  if (peer.podSelector) errors.push(...validateLabelSelector(peer.podSelector, `${field}.podSelector`));
  if (peer.namespaceSelector) errors.push(...validateLabelSelector(peer.namespaceSelector, `${field}.namespaceSelector`));
  if (peer.ipBlock) errors.push(...validateBlock(peer.ipBlock, `${field}.ipBlock`));
  if (peers === 0 && !peer.ipBlock) errors.push(required(field, "must specify a peer"));
  else if (peers > 0 && peer.ipBlock) errors.push(forbiddenField(field, "may not specify both ipBlock and another peer"));
  return errors;
}

/** Everything that is wrong with a NetworkPolicy. */
export function validateNetworkPolicy(policy: NetworkPolicy): FieldError[] {
  const spec = policy.spec ?? {};
  const errors = validateLabelSelector(spec.podSelector, "spec.podSelector");
  for (const [index, rule] of (spec.ingress ?? []).entries()) {
    const field = `spec.ingress[${index}]`;
    for (const [at, port] of (rule.ports ?? []).entries()) errors.push(...validatePolicyPort(port, `${field}.ports[${at}]`));
    for (const [at, peer] of (rule.from ?? []).entries()) errors.push(...validatePeer(peer, `${field}.from[${at}]`));
  }
  for (const [index, rule] of (spec.egress ?? []).entries()) {
    const field = `spec.egress[${index}]`;
    for (const [at, port] of (rule.ports ?? []).entries()) errors.push(...validatePolicyPort(port, `${field}.ports[${at}]`));
    for (const [at, peer] of (rule.to ?? []).entries()) errors.push(...validatePeer(peer, `${field}.to[${at}]`));
  }
  const types = spec.policyTypes ?? [];
  if (types.length > 2) {
    return [...errors, invalidValue("spec.policyTypes", types, "may not specify more than two policyTypes")];
  }
  for (const [index, type] of types.entries()) {
    if (!["Egress", "Ingress"].includes(type)) errors.push(notSupported(`spec.policyTypes[${index}]`, type, ["Egress", "Ingress"]));
  }
  return errors;
}

function validateBackend(backend: IngressBackend | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { service, resource } = backend ?? {};
  if (resource && service) return [invalidValue(field, "", "cannot set both resource and service backends")];
  if (resource) {
    if (resource.apiGroup)
      errors.push(...invalidEach(`${field}.resource.apiGroup`, resource.apiGroup, checkDnsSubdomain(resource.apiGroup)));
    return [...errors, ...requiredText(`${field}.resource.kind`, resource.kind), ...requiredText(`${field}.resource.name`, resource.name)];
  }
  if (!service) return [required(field, "must specify at least one backend: 'service' or 'resource'")];
  if (!service.name) errors.push(required(`${field}.service.name`));
  else errors.push(...invalidEach(`${field}.service.name`, service.name, checkDns1035Label(service.name)));
  const { name, number = 0 } = service.port ?? {};
  if (name && number !== 0) errors.push(invalidValue(field, "", "cannot set both port name & port number"));
  else if (name) errors.push(...invalidEach(`${field}.service.port.name`, name, checkPortName(name)));
  else if (number !== 0) errors.push(...invalidEach(`${field}.service.port.number`, number, checkPortNumber(number)));
  else errors.push(required(field, "port name or number is required"));
  return errors;
}

const BAD_IN_PATHS = ["//", "/./", "/../", "%2f", "%2F"];
const BAD_AT_END = ["/..", "/."];

function validatePath(path: HTTPIngressPath, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const types = ["Exact", "ImplementationSpecific", "Prefix"];
  const text = path.path ?? "";
  if (path.pathType === undefined) errors.push(required(`${field}.pathType`, "pathType must be specified"));
  else if (!types.includes(path.pathType)) errors.push(notSupported(`${field}.pathType`, path.pathType, types));
  if (path.pathType === "Exact" || path.pathType === "Prefix") {
    if (!text.startsWith("/")) errors.push(invalidValue(`${field}.path`, text, "must be an absolute path"));
    for (const part of BAD_IN_PATHS)
      if (text.includes(part)) errors.push(invalidValue(`${field}.path`, text, `must not contain '${part}'`));
    for (const part of BAD_AT_END) if (text.endsWith(part)) errors.push(invalidValue(`${field}.path`, text, `cannot end with '${part}'`));
  } else if (path.pathType === "ImplementationSpecific" && text && !text.startsWith("/")) {
    errors.push(invalidValue(`${field}.path`, text, "must be an absolute path"));
  }
  return [...errors, ...validateBackend(path.backend, `${field}.backend`)];
}

function validateHost(host: string, field: string): FieldError[] {
  if (isIpAddress(host)) return [invalidValue(field, host, "must be a DNS name, not an IP address")];
  return invalidEach(field, host, host.includes("*") ? checkWildcardSubdomain(host) : checkDnsSubdomain(host));
}

/** Everything that is wrong with an Ingress. */
export function validateIngress(ingress: Ingress, old: Ingress | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") return [];
  const spec = ingress.spec ?? {};
  const errors: FieldError[] = [];
  const rules = spec.rules ?? [];
  if (rules.length === 0 && !spec.defaultBackend)
    errors.push(invalidValue("spec", [], "either `defaultBackend` or `rules` must be specified"));
  if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, "spec.defaultBackend"));
  for (const [index, rule] of rules.entries()) {
    const field = `spec.rules[${index}]`;
    if (rule.host) errors.push(...validateHost(rule.host, `${field}.host`));
    if (!rule.http) continue;
    const paths = rule.http.paths ?? [];
    if (paths.length === 0) errors.push(required(`${field}.http.paths`));
    for (const [at, path] of paths.entries()) errors.push(...validatePath(path, `${field}.http.paths[${at}]`));
  }
  for (const [index, tls] of (spec.tls ?? []).entries()) {
    for (const [at, host] of (tls.hosts ?? []).entries()) {
      errors.push(
        ...invalidEach(
          `spec.tls[${index}].hosts[${at}]`,
          host,
          host.includes("*") ? checkWildcardSubdomain(host) : checkDnsSubdomain(host),
        ),
      );
    }
  }
  const className = spec.ingressClassName;
  if (className !== undefined) errors.push(...invalidEach("spec.ingressClassName", className, checkDnsSubdomain(className)));
  const annotation = ingress.metadata?.annotations?.["kubernetes.io/ingress.class"];
  if (old === undefined && annotation && className !== undefined && annotation !== className) {
    errors.push(
      invalidValue(
        "metadata.annotations[kubernetes.io/ingress.class]",
        annotation,
        "must match `ingressClassName` when both are specified",
      ),
    );
  }
  return errors;
}

/** Everything that is wrong with an IngressClass. */
export function validateIngressClass(ingressClass: IngressClass, old: IngressClass | undefined): FieldError[] {
  const { controller = "", parameters } = ingressClass.spec ?? {};
  const errors: FieldError[] = [];
  if (old !== undefined) errors.push(...immutable("spec.controller", controller, old.spec?.controller));
  const [domain = "", path = ""] = controller.split(/\/(.*)/s);
  if (!controller) {
    if (old === undefined) errors.push(required("spec.controller"));
  } else if (!domain || !path)
    errors.push(invalidValue("spec.controller", controller, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  else errors.push(...invalidEach("spec.controller", domain, checkDnsSubdomain(domain)));
  if (!parameters) return errors;
  const { kind, name, namespace, scope } = parameters;
  errors.push(...requiredText("spec.parameters.kind", kind), ...requiredText("spec.parameters.name", name));
  if (scope === undefined) errors.push(required("spec.parameters.scope"));
  else errors.push(...optionalOneOf("spec.parameters.scope", scope, ["Cluster", "Namespace"]));
  if (scope === "Namespace" && !namespace) errors.push(required("spec.parameters.namespace", "`parameters.scope` is set to 'Namespace'"));
  if (scope === "Cluster" && namespace !== undefined)
    errors.push(forbiddenField("spec.parameters.namespace", "`parameters.scope` is set to 'Cluster'"));
  return errors;
}

/** Everything that is wrong with an IPAddress: the name is the address, and it never changes. */
export function validateIpAddressObject(address: IPAddress, old: IPAddress | undefined): FieldError[] {
  const name = address.metadata?.name ?? "";
  const errors: FieldError[] = [];
  if (!isIpAddress(name)) errors.push(invalidValue("metadata.name", name, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
  const parent = address.spec?.parentRef;
  if (!parent) errors.push(required("spec.parentRef"));
  else errors.push(...requiredText("spec.parentRef.resource", parent.resource), ...requiredText("spec.parentRef.name", parent.name));
  return old === undefined ? errors : immutable("spec.parentRef", parent, old.spec?.parentRef);
}

/** Everything that is wrong with a ServiceCIDR: one range for each family, which never change. */
export function validateServiceCidr(serviceCidr: ServiceCIDR, old: ServiceCIDR | undefined): FieldError[] {
  const cidrs = serviceCidr.spec?.cidrs ?? [];
  if (old !== undefined) {
    const before = old.spec?.cidrs ?? [];
    return before.length === 1 && cidrs.length === 2 && cidrs[0] === before[0] ? [] : immutable("spec.cidrs", cidrs, before);
  }
  if (cidrs.length === 0) return [required("spec.cidrs", "at least one CIDR required")];
  if (cidrs.length > 2) return [invalidValue("spec", serviceCidr.spec, "may only hold up to 2 values")];
  const errors = cidrs.flatMap((cidr, index) => validateCidr(`spec.cidrs[${index}]`, cidr));
  if (cidrs.length === 2 && new Set(cidrs.map(ipFamily)).size < 2) {
    errors.push(
      invalidValue("spec", serviceCidr.spec, "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/96"),
    );
  }
  return errors;
}

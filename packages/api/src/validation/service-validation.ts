import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required } from "../field-error.ts";
import { isExternallyAccessible } from "../defaults/service-defaults.ts";
import type { Service, ServicePort, ServiceSpec } from "../generated/types.ts";
import type { WriteContext } from "../kind.ts";
import { invalidEach, oneOf, optionalOneOf } from "./field-checks.ts";
import { ipFamily, isIpAddress, validateCidr, validateIp, validateNonSpecialIp } from "./ip-address.ts";
import { validateLabels } from "./labels.ts";
import { checkDnsLabel, checkDnsSubdomain, checkPortNumber, checkQualifiedName } from "./names.ts";
import { validatePort } from "./probe-validation.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const FAMILIES = ["IPv4", "IPv6"];
const FAMILY_POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const DISTRIBUTIONS = ["PreferClose", "PreferSameNode", "PreferSameZone"];
const MAX_AFFINITY_SECONDS = 86_400;

const isHeadless = (spec: ServiceSpec): boolean => spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === "None";
const needsHealthCheck = (spec: ServiceSpec): boolean => spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";

function validateServicePort(port: ServicePort, needsName: boolean, names: Set<string>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!port.name) {
    if (needsName) errors.push(required(`${field}.name`));
  } else {
    errors.push(...invalidEach(`${field}.name`, port.name, checkDnsLabel(port.name)));
    if (names.has(port.name)) errors.push(duplicate(`${field}.name`, port.name));
    names.add(port.name);
  }
  errors.push(
    ...invalidEach(`${field}.port`, port.port ?? 0, checkPortNumber(port.port ?? 0)),
    ...oneOf(`${field}.protocol`, port.protocol, PROTOCOLS),
  );
  errors.push(...validatePort(port.targetPort, `${field}.targetPort`));
  if (port.appProtocol !== undefined)
    errors.push(...invalidEach(`${field}.appProtocol`, port.appProtocol, checkQualifiedName(port.appProtocol)));
  return errors;
}

function validatePorts(spec: ServiceSpec): FieldError[] {
  const ports = spec.ports ?? [];
  const names = new Set<string>();
  const nodePorts = new Set<string>();
  const numbers = new Set<string>();
  const errors: FieldError[] = [];
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== "ExternalName") errors.push(required("spec.ports"));
  for (const [index, port] of ports.entries()) {
    const field = `spec.ports[${index}]`;
    errors.push(...validateServicePort(port, ports.length > 1, names, field));
    if (spec.type === "ClusterIP" && port.nodePort)
      errors.push(forbiddenField(`${field}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    if (port.nodePort) {
      const key = `${port.protocol}/${port.nodePort}`;
      if (nodePorts.has(key)) errors.push(duplicate(`${field}.nodePort`, port.nodePort));
      nodePorts.add(key);
    }
    const key = `${port.protocol}/${port.port}`;
    if (numbers.has(key)) errors.push(duplicate(field, { protocol: port.protocol, port: port.port }));
    numbers.add(key);
  }
  return errors;
}

function validateType(spec: ServiceSpec): FieldError[] {
  const errors = oneOf("spec.type", spec.type, TYPES);
  if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && isHeadless(spec)) {
    errors.push(invalidValue("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${spec.type} services`));
  }
  if (spec.type !== "ExternalName") return errors;
  for (const name of ["clusterIPs", "ipFamilies"] as const) {
    if ((spec[name] ?? []).length > 0) errors.push(forbiddenField(`spec.${name}`, "may not be set for ExternalName services"));
  }
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbiddenField("spec.ipFamilyPolicy", "may not be set for ExternalName services"));
  const name = (spec.externalName ?? "").replace(/\.$/, "");
  if (name === "") errors.push(required("spec.externalName"));
  else errors.push(...invalidEach("spec.externalName", name, checkDnsSubdomain(name)));
  return errors;
}

function validateAffinity(spec: ServiceSpec): FieldError[] {
  const errors = oneOf("spec.sessionAffinity", spec.sessionAffinity, ["ClientIP", "None"]);
  const config = spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "None" && config !== undefined) {
    errors.push(forbiddenField("spec.sessionAffinityConfig", "must not be set when session affinity is None"));
  }
  if (spec.sessionAffinity !== "ClientIP") return errors;
  const seconds = config?.clientIP?.timeoutSeconds;
  if (seconds === undefined) return [...errors, required("spec.sessionAffinityConfig", "when session affinity type is ClientIP")];
  if (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS) {
    const detail = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`;
    errors.push(invalidValue("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, detail));
  }
  return errors;
}

/** Addresses, families and the policy on families must fit together. */
function validateClusterIps(spec: ServiceSpec): FieldError[] {
  if (spec.type === "ExternalName") return [];
  const { clusterIP = "", clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  const errors: FieldError[] = [];
  for (const [index, family] of ipFamilies.entries()) {
    if (!FAMILIES.includes(family)) errors.push(notSupported(`spec.ipFamilies[${index}]`, family, FAMILIES));
    if (ipFamilies.indexOf(family) !== index) errors.push(duplicate(`spec.ipFamilies[${index}]`, family));
  }
  errors.push(...optionalOneOf("spec.ipFamilyPolicy", ipFamilyPolicy, FAMILY_POLICIES));
  if (clusterIP !== "" && clusterIPs.length === 0) errors.push(required("spec.clusterIPs"));
  else if (clusterIPs.length > 0 && clusterIP === "") {
    errors.push(invalidValue("spec.clusterIPs", clusterIPs, "`clusterIP` must be set when `clusterIPs` is specified"));
  } else if (clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
    errors.push(invalidValue("spec.clusterIPs[0]", clusterIPs, "first value must match `clusterIP`"));
  }
  for (const [index, address] of clusterIPs.entries()) {
    const field = `spec.clusterIPs[${index}]`;
    if (address === "None") {
      if (clusterIPs.length > 1) errors.push(invalidValue(field, address, "'None' must be the first and only value"));
      continue;
    }
    const wrong = validateIp(field, address);
    errors.push(...wrong);
    const family = ipFamilies[index];
    if (wrong.length === 0 && family !== undefined && ipFamily(address) !== family) {
      errors.push(invalidValue(field, address, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``));
    }
  }
  if (clusterIPs.length > 2)
    errors.push({
      type: "FieldValueTooMany",
      field: "spec.clusterIPs",
      message: `Too many: ${clusterIPs.length}: may only hold up to 2 values`,
    });
  const both = clusterIPs.filter((address) => isIpAddress(address)).map(ipFamily);
  if (both.length === 2 && both[0] === both[1]) {
    errors.push(invalidValue("spec.clusterIPs", clusterIPs, "may specify no more than one IP for each IP family"));
  }
  if (ipFamilyPolicy === "SingleStack" && (ipFamilies.length === 2 || clusterIPs.length === 2)) {
    const field = ipFamilies.length === 2 ? "spec.ipFamilies" : "spec.clusterIPs";
    errors.push(
      invalidValue(
        field,
        ipFamilies.length === 2 ? ipFamilies : clusterIPs,
        "when `ipFamilyPolicy` is 'SingleStack', may only hold one value",
      ),
    );
  }
  return errors;
}

function validateTraffic(service: Service, spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const policies = ["Cluster", "Local"];
  if (isExternallyAccessible(service)) errors.push(...oneOf("spec.externalTrafficPolicy", spec.externalTrafficPolicy, policies));
  else if (spec.externalTrafficPolicy) {
    errors.push(
      invalidValue("spec.externalTrafficPolicy", spec.externalTrafficPolicy, "may only be set for externally-accessible services"),
    );
  }
  if (!needsHealthCheck(spec) && spec.healthCheckNodePort) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalidValue("spec.healthCheckNodePort", spec.healthCheckNodePort, detail));
  }
  if (spec.type !== "ExternalName" && spec.internalTrafficPolicy === undefined) errors.push(required("spec.internalTrafficPolicy"));
  errors.push(...optionalOneOf("spec.internalTrafficPolicy", spec.internalTrafficPolicy, policies));
  return [...errors, ...optionalOneOf("spec.trafficDistribution", spec.trafficDistribution, DISTRIBUTIONS)];
}

function validateLoadBalancer(spec: ServiceSpec, old: ServiceSpec | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const only = "may only be used when `type` is 'LoadBalancer'";
  const isBalancer = spec.type === "LoadBalancer";
  const ranges = spec.loadBalancerSourceRanges ?? [];
  if (ranges.length > 0 && !isBalancer) errors.push(forbiddenField("spec.LoadBalancerSourceRanges", only));
  for (const [index, range] of ranges.entries()) errors.push(...validateCidr(`spec.LoadBalancerSourceRanges[${index}]`, range.trim()));
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isBalancer)
    errors.push(forbiddenField("spec.allocateLoadBalancerNodePorts", only));
  const balancerClass = spec.loadBalancerClass;
  if (balancerClass !== undefined && !isBalancer)
    errors.push(forbiddenField("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"));
  if (balancerClass !== undefined && isBalancer)
    errors.push(...invalidEach("spec.loadBalancerClass", balancerClass, checkQualifiedName(balancerClass)));
  if (old?.type === "LoadBalancer" && isBalancer && old.loadBalancerClass !== balancerClass) {
    errors.push(invalidValue("spec.loadBalancerClass", balancerClass ?? null, "may not change once set"));
  }
  return errors;
}

/** Addresses that were given stay, unless the Service comes from or goes to an external name. */
function validateAddressUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === "ExternalName" || old.type === "ExternalName") return [];
  const errors: FieldError[] = [];
  const before = old.clusterIPs ?? (old.clusterIP ? [old.clusterIP] : []);
  const now = spec.clusterIPs ?? [];
  if (before[0] && now[0] !== before[0]) {
    const detail = now.length === 0 ? "primary clusterIP can not be unset" : "may not change once set";
    errors.push(invalidValue("spec.clusterIPs[0]", now.length === 0 ? now : now, detail));
  }
  if (before.length === 2 && now.length === 2 && before[1] !== now[1])
    errors.push(invalidValue("spec.clusterIPs[1]", now, "may not change once set"));
  const families = old.ipFamilies ?? [];
  if (families[0] && spec.ipFamilies?.[0] !== families[0]) {
    errors.push(invalidValue("spec.ipFamilies[0]", spec.ipFamilies ?? [], "may not change once set"));
  }
  if (needsHealthCheck(old) && needsHealthCheck(spec) && old.healthCheckNodePort !== spec.healthCheckNodePort) {
    errors.push(forbiddenField("spec.healthCheckNodePort", "field is immutable"));
  }
  return errors;
}

function validateServiceStatus(service: Service): FieldError[] {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  if (ingress.length > 0 && service.spec?.type !== "LoadBalancer") {
    return [forbiddenField("status.loadBalancer.ingress", 'may only be used when `spec.type` is "LoadBalancer"')];
  }
  return ingress.flatMap(({ ip, hostname, ipMode }, index) => {
    const field = `status.loadBalancer.ingress[${index}]`;
    const errors = ip ? validateIp(`${field}.ip`, ip) : [];
    if (ip && ipMode === undefined) errors.push(required(`${field}.ipMode`, "must be specified when `ip` is set"));
    if (hostname) {
      errors.push(...invalidEach(`${field}.hostname`, hostname, checkDnsSubdomain(hostname)));
      if (isIpAddress(hostname)) errors.push(invalidValue(`${field}.hostname`, hostname, "must be a DNS name, not an IP address"));
    }
    return errors;
  });
}

/** Everything that is wrong with a Service. */
export function validateService(service: Service, old: Service | undefined, context: WriteContext): FieldError[] {
  if (old !== undefined && context.subresource === "status") return validateServiceStatus(service);
  const spec = service.spec ?? {};
  const errors = [
    ...validateType(spec),
    ...validatePorts(spec),
    ...validateLabels(spec.selector, "spec.selector"),
    ...validateAffinity(spec),
    ...validateClusterIps(spec),
    ...(spec.externalIPs ?? []).flatMap((address, index) => validateNonSpecialIp(`spec.externalIPs[${index}]`, address)),
    ...validateLoadBalancer(spec, old?.spec),
    ...validateTraffic(service, spec),
  ];
  return old?.spec === undefined ? errors : [...validateAddressUpdate(spec, old.spec), ...errors];
}

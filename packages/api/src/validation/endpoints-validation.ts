import { duplicate, type FieldError, forbiddenField, invalidValue, notSupported, required, tooMany } from "../field-error.ts";
import type { Endpoint, EndpointAddress, Endpoints, EndpointSlice, EndpointSubset } from "../generated/types.ts";
import { immutable, invalidEach, oneOf, requiredText } from "./field-checks.ts";
import { ipFamily, isIpAddress, validateIp, validateNonSpecialIp } from "./ip-address.ts";
import { validateLabelName } from "./labels.ts";
import { checkDnsLabel, checkDnsSubdomain, checkPortNumber, checkQualifiedName } from "./names.ts";

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const MAX_ADDRESSES = 100;
const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 20_000;
const MAX_HINT_ZONES = 8;

function validateAddress(address: EndpointAddress, field: string): FieldError[] {
  const errors = validateIp(`${field}.ip`, address.ip ?? "");
  if (address.hostname) errors.push(...invalidEach(`${field}.hostname`, address.hostname, checkDnsLabel(address.hostname)));
  if (address.nodeName !== undefined)
    errors.push(...invalidEach(`${field}.nodeName`, address.nodeName, checkDnsSubdomain(address.nodeName)));
  return errors.length > 0 ? errors : validateNonSpecialIp(`${field}.ip`, address.ip ?? "");
}

function validateSubset(subset: EndpointSubset, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  if (addresses.length + notReadyAddresses.length === 0) errors.push(required(field, "must specify `addresses` or `notReadyAddresses`"));
  for (const [index, address] of addresses.entries()) errors.push(...validateAddress(address, `${field}.addresses[${index}]`));
  for (const [index, address] of notReadyAddresses.entries())
    errors.push(...validateAddress(address, `${field}.notReadyAddresses[${index}]`));
  for (const [index, port] of ports.entries()) {
    const at = `${field}.ports[${index}]`;
    if (!port.name && ports.length > 1) errors.push(required(`${at}.name`));
    else if (port.name) errors.push(...invalidEach(`${at}.name`, port.name, checkDnsLabel(port.name)));
    errors.push(
      ...invalidEach(`${at}.port`, port.port ?? 0, checkPortNumber(port.port ?? 0)),
      ...oneOf(`${at}.protocol`, port.protocol, PROTOCOLS),
    );
    if (port.appProtocol !== undefined)
      errors.push(...invalidEach(`${at}.appProtocol`, port.appProtocol, checkQualifiedName(port.appProtocol)));
  }
  return errors;
}

/** Everything that is wrong with an Endpoints object. */
export function validateEndpoints(endpoints: Endpoints): FieldError[] {
  return (endpoints.subsets ?? []).flatMap((subset, index) => validateSubset(subset, `subsets[${index}]`));
}

function validateEndpoint(endpoint: Endpoint, type: string, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const { addresses = [], hostname, nodeName, deprecatedTopology, hints } = endpoint as Partial<Endpoint>;
  if (addresses.length === 0) errors.push(required(`${field}.addresses`, "must contain at least 1 address"));
  if (addresses.length > MAX_ADDRESSES) errors.push(tooMany(`${field}.addresses`, addresses.length, MAX_ADDRESSES));
  for (const [index, address] of addresses.entries()) {
    const at = `${field}.addresses[${index}]`;
    if (type === "FQDN") errors.push(...invalidEach(at, address, checkDnsSubdomain(address)));
    else if (!isIpAddress(address) || ipFamily(address) !== type) errors.push(invalidValue(at, address, `must be a valid ${type} address`));
    else errors.push(...validateNonSpecialIp(at, address));
  }
  if (hostname !== undefined) errors.push(...invalidEach(`${field}.hostname`, hostname, checkDnsLabel(hostname)));
  if (nodeName !== undefined) errors.push(...invalidEach(`${field}.nodeName`, nodeName, checkDnsSubdomain(nodeName)));
  for (const key of Object.keys(deprecatedTopology ?? {})) errors.push(...validateLabelName(key, `${field}.deprecatedTopology`));
  const zones = hints?.forZones ?? [];
  if (zones.length > MAX_HINT_ZONES) errors.push(tooMany(`${field}.hints.forZones`, zones.length, MAX_HINT_ZONES));
  for (const [index, zone] of zones.entries()) errors.push(...requiredText(`${field}.hints.forZones[${index}].name`, zone.name));
  return errors;
}

/** Everything that is wrong with an EndpointSlice. */
export function validateEndpointSlice(slice: EndpointSlice, old: EndpointSlice | undefined): FieldError[] {
  const types = ["FQDN", "IPv4", "IPv6"];
  const errors: FieldError[] = [];
  if (!slice.addressType) errors.push(required("addressType"));
  else if (!types.includes(slice.addressType)) errors.push(notSupported("addressType", slice.addressType, types));
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > MAX_ENDPOINTS) return [...errors, tooMany("endpoints", endpoints.length, MAX_ENDPOINTS)];
  for (const [index, endpoint] of endpoints.entries()) errors.push(...validateEndpoint(endpoint, slice.addressType, `endpoints[${index}]`));
  const ports = slice.ports ?? [];
  if (ports.length > MAX_PORTS) return [...errors, tooMany("ports", ports.length, MAX_PORTS)];
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `ports[${index}]`;
    const name = port.name ?? "";
    if (name) errors.push(...invalidEach(`${at}.name`, name, checkDnsLabel(name)));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    if (port.port !== undefined) errors.push(...invalidEach(`${at}.port`, port.port, checkPortNumber(port.port)));
    errors.push(...oneOf(`${at}.protocol`, port.protocol, PROTOCOLS));
    if (port.appProtocol !== undefined)
      errors.push(...invalidEach(`${at}.appProtocol`, port.appProtocol, checkQualifiedName(port.appProtocol)));
  }
  if (slice.metadata?.labels?.["kubernetes.io/service-name"] === "")
    errors.push(forbiddenField("metadata.labels", "the service name may not be empty"));
  return old === undefined ? errors : [...immutable("addressType", slice.addressType, old.addressType), ...errors];
}

import { isIPv4, isIPv6 } from "node:net";
import { type FieldError, invalidValue } from "../field-error.ts";

/**
 * An address without leading zeros and without IPv4 dressed up as IPv6: both have been used to get past checks
 * (CVE-2021-29923).
 */
export function isIpAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes("%") && !isMapped(text));
}

function isMapped(text: string): boolean {
  return /^(?:0*:){0,6}(?:0*:)?ffff:\d+\.\d+\.\d+\.\d+$/i.test(text) || /^::ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}$/i.test(text);
}

/** `IPv4` or `IPv6`. */
export function ipFamily(address: string): "IPv4" | "IPv6" {
  return address.includes(":") ? "IPv6" : "IPv4";
}

/** A range such as `10.0.0.0/8`. */
export function isCidr(text: string): boolean {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  if (match === null) return false;
  const [, address = "", length = ""] = match;
  return isIpAddress(address) && Number(length) <= (ipFamily(address) === "IPv6" ? 128 : 32);
}

/** The text must be an address. */
export function validateIp(field: string, text: string): FieldError[] {
  return isIpAddress(text) ? [] : [invalidValue(field, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
}

/** The text must be a range. */
export function validateCidr(field: string, text: string): FieldError[] {
  return isCidr(text) ? [] : [invalidValue(field, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")];
}

/** An address that a Service or an endpoint may have: none that means the host itself or a group. */
export function validateNonSpecialIp(field: string, text: string): FieldError[] {
  const refuse = (detail: string): FieldError[] => [invalidValue(field, text, detail)];
  if (!isIpAddress(text)) return refuse("must be a valid IP address");
  const plain = text.toLowerCase();
  if (plain === "0.0.0.0" || /^[0:]+$/.test(plain)) return refuse(`may not be unspecified (${text})`);
  if (plain.startsWith("127.") || /^[0:]+:0*1$/.test(plain)) return refuse("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (plain.startsWith("169.254.") || /^fe[89ab]/.test(plain))
    return refuse("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (plain.startsWith("224.0.0.") || /^ff[0-9a-f]2:/.test(plain)) {
    return refuse("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
  return [];
}

import { isIpAddress } from "@skiff/api";

/** Takes `https:web:8080` apart: scheme, name and port, all but the name optional. `undefined` when it has another form. */
export function splitSchemeNamePort(
  text: string,
): { readonly scheme: "" | "http" | "https"; readonly name: string; readonly port: string } | undefined {
  const parts = text.split(":");
  const [scheme, name, port] = parts.length === 1 ? ["", parts[0], ""] : parts.length === 2 ? ["", parts[0], parts[1]] : parts;
  if (parts.length > 3 || !name || port === undefined) return undefined;
  return scheme === "" || scheme === "http" || scheme === "https" ? { scheme, name, port } : undefined;
}

/**
 * False for addresses that lead back to the machine of the API server itself or to its cloud's metadata service: loopback,
 * link-local, unspecified and multicast ones. Nobody may reach those through a proxy or a webhook.
 */
export function isProxyableIp(address: string): boolean {
  if (!isIpAddress(address)) return false;
  if (!address.includes(":")) return !/^(127\.|169\.254\.|0\.0\.0\.0$|22[4-9]\.|23\d\.)/.test(address);
  const text = address.toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (mapped?.[1] !== undefined) return isProxyableIp(mapped[1]);
  return !/^(fe[89ab][0-9a-f]:|ff[0-9a-f]{2}:)/.test(text) && !/^[0:]*:?[01]?$/.test(text);
}

/** True for addresses of one network link: clouds keep their metadata service, with its credentials, at such a one. */
export function isLinkLocal(address: string): boolean {
  const text = address.toLowerCase().replace(/^::ffff:/, "");
  return text.startsWith("169.254.") || /^fe[89ab][0-9a-f]:/.test(text);
}

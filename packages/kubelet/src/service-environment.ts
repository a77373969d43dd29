import type { Service } from "@skiff/api";

/**
 * The variables by which Pods find Services without DNS: `{SVC}_SERVICE_HOST`, `{SVC}_SERVICE_PORT` and the older form of
 * Docker links. Headless Services have none.
 */
export function serviceEnvironment(services: readonly Service[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const { metadata, spec } of services) {
    const host = spec?.clusterIP;
    const ports = spec?.ports ?? [];
    if (!host || host === "None" || ports.length === 0) continue;
    const name = variableName(metadata?.name ?? "");
    variables.set(`${name}_SERVICE_HOST`, host);
    variables.set(`${name}_SERVICE_PORT`, String(ports[0]?.port));
    for (const port of ports) if (port.name) variables.set(`${name}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
    const address = host.includes(":") ? `[${host}]` : host;
    for (const [index, port] of ports.entries()) {
      const protocol = port.protocol ?? "TCP";
      const url = `${protocol.toLowerCase()}://${address}:${port.port}`;
      if (index === 0) variables.set(`${name}_PORT`, url);
      const prefix = `${name}_PORT_${port.port}_${protocol}`;
      variables.set(prefix, url);
      variables.set(`${prefix}_PROTO`, protocol.toLowerCase());
      variables.set(`${prefix}_PORT`, String(port.port));
      variables.set(`${prefix}_ADDR`, host);
    }
  }
  return variables;
}

function variableName(name: string): string {
  return name.replaceAll("-", "_").toUpperCase();
}

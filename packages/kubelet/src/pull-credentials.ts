import type { Secret } from "@skiff/api";
import type { ImageAuth } from "./container-runtime.ts";
import type { ImageReference } from "./image-reference.ts";

interface DockerAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/**
 * The credentials in `secrets` that fit an image, the most specific first. Secrets that are not pull secrets, or cannot
 * be read, have none.
 */
export function credentialsFor(reference: ImageReference, secrets: readonly Secret[]): ImageAuth[] {
  const found: { key: string; auth: ImageAuth }[] = [];
  for (const secret of secrets) {
    for (const [key, auth] of Object.entries(authsOf(secret))) {
      if (matches(key, reference)) found.push({ key, auth: asImageAuth(auth) });
    }
  }
  return found.sort((a, b) => b.key.length - a.key.length).map(({ auth }) => auth);
}

function authsOf(secret: Secret): Record<string, DockerAuth> {
  const modern = secret.data?.[".dockerconfigjson"];
  const legacy = secret.data?.[".dockercfg"];
  try {
    const text = Buffer.from(modern ?? legacy ?? "", "base64").toString("utf8");
    if (text === "") return {};
    const parsed = JSON.parse(text) as { auths?: Record<string, DockerAuth> };
    return (modern === undefined ? (parsed as Record<string, DockerAuth>) : parsed.auths) ?? {};
  } catch {
    return {};
  }
}

function asImageAuth(auth: DockerAuth): ImageAuth {
  const [user, ...password] = Buffer.from(auth.auth ?? "", "base64")
    .toString("utf8")
    .split(":");
  return {
    username: auth.username ?? user,
    password: auth.password ?? password.join(":"),
    ...(auth.identitytoken ? { identityToken: auth.identitytoken } : {}),
    ...(auth.registrytoken ? { registryToken: auth.registrytoken } : {}),
  };
}

/** Whether a key of a Docker configuration (`https://index.docker.io/v1/`, `*.example.com/team`) covers an image. */
function matches(key: string, reference: ImageReference): boolean {
  const [, host = "", path = ""] = /^(?:https?:\/\/)?([^/]*)(\/.*)?$/.exec(key) ?? [];
  const wantedPath = path.replace(/^\/v[12]\/?$/, "").replace(/\/$/, "");
  if (wantedPath !== "" && !`/${reference.path}/`.startsWith(`${wantedPath}/`)) return false;
  const hub = ["docker.io", "index.docker.io", "registry-1.docker.io"];
  if (hub.includes(reference.domain)) return hub.includes(host);
  const wanted = host.split(".");
  const actual = reference.domain.split(".");
  return wanted.length === actual.length && wanted.every((part, index) => matchesPart(part, actual[index] ?? ""));
}

/** One label of a host name, where `*` stands for any letters. */
function matchesPart(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === text;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let position = first.length;
  for (const piece of rest) {
    const at = text.indexOf(piece, position);
    if (at < 0) return false;
    position = at + piece.length;
  }
  return position <= text.length - last.length;
}

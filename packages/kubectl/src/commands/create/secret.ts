import type { Command } from "../../command.ts";
import { KubectlError } from "../../kubectl-error.ts";
import { text, required } from "./flag-definitions.ts";
import { generator } from "./generator.ts";
import { DATA_FLAGS, dataOf, base64 } from "./given-data.ts";

const secretGeneric = generator(
  "secret generic",
  "Create a secret from a local file, directory, or literal value",
  { ...DATA_FLAGS, type: text("The type of secret to create") },
  async (session, name) => {
    const type = session.flags.text("type");
    const data = base64(await dataOf(session));
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      ...(Object.keys(data).length > 0 ? { data } : {}),
      ...(type ? { type } : {}),
    };
  },
);

const secretTls = generator(
  "secret tls",
  "Create a TLS secret",
  { cert: text("Path to PEM encoded public key certificate."), key: text("Path to private key associated with given certificate.") },
  async (session, name) => {
    const data = new Map<string, Buffer>();
    for (const [flag, key] of [
      ["cert", "tls.crt"],
      ["key", "tls.key"],
    ] as const) {
      const path = required(session.flags, flag);
      const bytes = await session.io.files.readBytes(path);
      if (bytes === undefined) throw new KubectlError(`open ${path}: no such file or directory`);
      data.set(key, Buffer.from(bytes));
    }
    return { apiVersion: "v1", kind: "Secret", metadata: { name }, type: "kubernetes.io/tls", data: base64(data) };
  },
);

const secretRegistry = generator(
  "secret docker-registry",
  "Create a secret for use with a Docker registry",
  {
    "docker-username": text("Username for Docker registry authentication"),
    "docker-password": text("Password"),
    "docker-email": text("Email"),
    "docker-server": { type: "string", default: "https://index.docker.io/v1/", help: "Server location for Docker registry" },
  },
  ({ flags }, name) => {
    const [username, password] = [required(flags, "docker-username"), required(flags, "docker-password")];
    const email = flags.text("docker-email");
    const entry = { username, password, ...(email ? { email } : {}), auth: Buffer.from(`${username}:${password}`).toString("base64") };
    const config = JSON.stringify({ auths: { [flags.text("docker-server")]: entry } });
    return {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from(config).toString("base64") },
    };
  },
);

/** `kubectl create secret TYPE`. */
export const secretCommands: readonly Command[] = [secretGeneric, secretRegistry, secretTls];

import { chmodSync, existsSync, lstatSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ClusterPkiFiles } from "@skiff/apiserver";
import { UserError } from "../user-error.ts";
import { writeFileAtomically } from "./atomic-file.ts";

/** The parts that are kept, each with its certificate in `NAME.crt` and its key in `NAME.key`: kubeadm's names. */
const PAIRS = {
  authority: "ca",
  frontProxyAuthority: "front-proxy-ca",
  apiServer: "apiserver",
  frontProxyClient: "front-proxy-client",
} as const;
const SERVICE_ACCOUNT_KEY = "sa.key";

/** Reads the keys of a cluster; parts that are not there are absent. Errors: a {@link UserError} when a file cannot be used. */
export function readPki(folder: string): ClusterPkiFiles {
  const pair = (name: string): ClusterPkiFiles["authority"] => {
    const certificatePem = readIfThere(join(folder, `${name}.crt`));
    const privateKeyPem = readIfThere(join(folder, `${name}.key`));
    return certificatePem === undefined || privateKeyPem === undefined ? undefined : { certificatePem, privateKeyPem };
  };
  return {
    authority: pair(PAIRS.authority),
    frontProxyAuthority: pair(PAIRS.frontProxyAuthority),
    apiServer: pair(PAIRS.apiServer),
    frontProxyClient: pair(PAIRS.frontProxyClient),
    serviceAccountKeyPem: readIfThere(join(folder, SERVICE_ACCOUNT_KEY)),
  };
}

/** Writes the keys of a cluster, readable by their owner only. */
export function writePki(folder: string, files: ClusterPkiFiles): void {
  for (const [part, name] of Object.entries(PAIRS) as [keyof typeof PAIRS, string][]) {
    const pair = files[part];
    if (pair === undefined) continue;
    writeFileAtomically(join(folder, `${name}.key`), pair.privateKeyPem, 0o600);
    writeFileAtomically(join(folder, `${name}.crt`), pair.certificatePem, 0o644);
  }
  if (files.serviceAccountKeyPem !== undefined) writeFileAtomically(join(folder, SERVICE_ACCOUNT_KEY), files.serviceAccountKeyPem, 0o600);
}

function readIfThere(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  // The folder may belong to the user of the server, who must not lead root to files of others.
  if (lstatSync(path).isSymbolicLink()) throw new UserError(`${path} is a link, not a file.`, "Put the file itself there.");
  // Keys that others may read are put right rather than refused: the owner alone can have changed the mode.
  if (path.endsWith(".key") && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  const text = readFileSync(path, "utf8");
  if (!text.includes("-----BEGIN "))
    throw new UserError(
      `${path} is damaged: it holds no key or certificate.`,
      "Put the file back from a copy, or remove the cluster with: skiff delete",
    );
  return text;
}

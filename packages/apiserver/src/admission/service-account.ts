import type { Container, Pod, PodSpec, ServiceAccount, Volume } from "@skiff/api";
import { nameSuffix, randomInteger, sleep, type Host } from "@skiff/base";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { getCurrent, type ObjectReader } from "../object-reader.ts";
import { RESOURCES } from "../well-known-resources.ts";
import { isAbout, refusal } from "./refusal.ts";

const DEFAULT_NAME = "default";
const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX = "kube-api-access-";
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";
const ENFORCE_MOUNTABLE_SECRETS = "kubernetes.io/enforce-mountable-secrets";
/** An hour and some seconds: recognisable as a token that the kubelet mounts, and renewed well before its end. */
const TOKEN_EXPIRATION_SECONDS = 3607;
/** In a new namespace the account `default` appears a moment later; a pod waits for it this often, about 100 ms each time. */
const DEFAULT_ACCOUNT_ATTEMPTS = 10;

/**
 * Gives every pod a service account, mounts its token and uses its image pull secrets. The token, the cluster's CA and
 * the namespace come as one projected volume named `kube-api-access-…`.
 */
export class ServiceAccountAdmission implements AdmissionPlugin {
  readonly name = "ServiceAccount";
  readonly #host: Pick<Host, "clock" | "random">;
  readonly #reader: ObjectReader;

  constructor(host: Pick<Host, "clock" | "random">, reader: ObjectReader) {
    this.#host = host;
    this.#reader = reader;
  }

  async mutate(request: AdmissionRequest): Promise<void> {
    if (!isAbout(request, "", "pods") || request.operation !== "CREATE") return;
    const pod = request.object as Pod;
    const { spec } = pod;
    // Nobody can authenticate as the pod of a mirror: its node runs it whatever the API says.
    if (spec === undefined || isMirror(pod)) return;
    const name = (spec.serviceAccountName ||= spec.serviceAccount || DEFAULT_NAME);
    spec.serviceAccount = name;
    const account = await this.#account(request, name);
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) this.#mountToken(spec);
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      spec.imagePullSecrets = account.imagePullSecrets.map((reference) => ({ name: reference.name ?? "" }));
    }
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const isNew = isAbout(request, "", "pods") && request.operation === "CREATE";
    const isDebugged = isAbout(request, "", "pods", "ephemeralcontainers") && request.operation === "UPDATE";
    if (!isNew && !isDebugged) return;
    const pod = request.object as Pod;
    if (pod.spec === undefined) return;
    if (isNew && isMirror(pod)) {
      checkMirror(request, pod.spec);
      return;
    }
    const account = await this.#account(request, pod.spec.serviceAccountName || DEFAULT_NAME);
    if (account.metadata?.annotations?.[ENFORCE_MOUNTABLE_SECRETS] === "true") checkSecrets(request, pod.spec, account);
  }

  async #account(request: AdmissionRequest, name: string): Promise<ServiceAccount> {
    const { namespace } = request;
    const attempts = name === DEFAULT_NAME ? DEFAULT_ACCOUNT_ATTEMPTS : 1;
    for (let attempt = 1; ; attempt++) {
      const account = await getCurrent(this.#reader, RESOURCES.serviceAccounts, namespace, name);
      if (account !== undefined) return account;
      if (attempt >= attempts)
        throw refusal(request, `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`);
      await sleep(this.#host.clock, 100 + randomInteger(this.#host.random, 50));
    }
  }

  #mountToken(spec: PodSpec): void {
    const existing = spec.volumes?.find((volume) => volume.name.startsWith(VOLUME_PREFIX))?.name;
    const volumeName = existing ?? VOLUME_PREFIX + nameSuffix(this.#host.random);
    let needed = false;
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) needed = mountInto(container, volumeName) || needed;
    if (needed && existing === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(volumeName)];
  }
}

function isMirror(pod: Pod): boolean {
  return pod.metadata?.annotations?.[MIRROR_ANNOTATION] !== undefined;
}

function mountInto(container: Container, volumeName: string): boolean {
  if (container.volumeMounts?.some((mount) => mount.mountPath === MOUNT_PATH)) return false;
  container.volumeMounts = [...(container.volumeMounts ?? []), { name: volumeName, readOnly: true, mountPath: MOUNT_PATH }];
  return true;
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_EXPIRATION_SECONDS, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
      ],
      defaultMode: 0o644,
    },
  };
}

function checkMirror(request: AdmissionRequest, spec: PodSpec): void {
  if (spec.serviceAccountName) throw refusal(request, "a mirror pod may not reference service accounts");
  if (referencedSecrets(spec).length > 0) throw refusal(request, "a mirror pod may not reference secrets");
  if (spec.volumes?.some((volume) => volume.projected?.sources?.some((source) => source.serviceAccountToken))) {
    throw refusal(request, "a mirror pod may not use ServiceAccountToken volume projections");
  }
}

function checkSecrets(request: AdmissionRequest, spec: PodSpec, account: ServiceAccount): void {
  const accountName = account.metadata?.name ?? "";
  const mountable = new Set(account.secrets?.map((reference) => reference.name));
  const pullable = new Set(account.imagePullSecrets?.map((reference) => reference.name));
  for (const { secret, where } of referencedSecrets(spec)) {
    if (!mountable.has(secret)) {
      throw refusal(
        request,
        `${where} with secret.secretName="${secret}" is not allowed because service account ${accountName} does not reference that secret`,
      );
    }
  }
  spec.imagePullSecrets?.forEach(({ name }, index) => {
    if (!pullable.has(name)) {
      throw refusal(
        request,
        `imagePullSecrets[${index}].name="${name}" is not allowed because service account ${accountName} does not reference that imagePullSecret`,
      );
    }
  });
}

function referencedSecrets(spec: PodSpec): { secret: string; where: string }[] {
  const found: { secret: string; where: string }[] = [];
  for (const volume of spec.volumes ?? []) {
    const names = [volume.secret?.secretName, ...(volume.projected?.sources ?? []).map((source) => source.secret?.name)];
    for (const secret of names) if (secret) found.push({ secret, where: "volume" });
  }
  const groups = {
    initContainer: spec.initContainers ?? [],
    container: spec.containers,
    ephemeralContainer: spec.ephemeralContainers ?? [],
  };
  for (const [where, containers] of Object.entries(groups)) {
    for (const { name: container, env = [], envFrom = [] } of containers) {
      for (const { name, valueFrom } of env) {
        if (valueFrom?.secretKeyRef?.name)
          found.push({ secret: valueFrom.secretKeyRef.name, where: `${where} ${container} with envVar ${name} referencing` });
      }
      for (const { secretRef } of envFrom) {
        if (secretRef?.name) found.push({ secret: secretRef.name, where: `${where} ${container} with envFrom referencing` });
      }
    }
  }
  return found;
}

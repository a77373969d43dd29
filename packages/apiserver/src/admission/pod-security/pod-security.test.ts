import type { PodSpec } from "@skiff/api";
import { describe, expect, it } from "vitest";
import { MemoryObjectReader } from "../../memory-object-reader.ts";
import { RESOURCES } from "../../well-known-resources.ts";
import { admit, testRequest } from "../test-request.ts";
import { PodSecurity } from "./pod-security.ts";

function setUp(labels: Record<string, string>) {
  const prefixed = Object.fromEntries(Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]));
  const reader = new MemoryObjectReader().put(RESOURCES.namespaces, { metadata: { name: "default", labels: prefixed } });
  return { reader, plugin: new PodSecurity(reader) };
}

const GOOD = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};
const spec = (container: object = {}, more: object = {}): PodSpec => ({ containers: [{ name: "a", ...container }], ...more });
const podOf = (podSpec: PodSpec): object => ({ metadata: { name: "web" }, spec: podSpec });

async function outcome(level: string, podSpec: PodSpec): Promise<string> {
  try {
    await admit(setUp({ enforce: level }).plugin, testRequest({ kind: "Pod", object: podOf(podSpec) }));
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("baseline", () => {
  it.each<[string, PodSpec, string]>([
    ["a plain pod", spec(), ""],
    ["host namespaces", spec({}, { hostNetwork: true, hostPID: true }), "host namespaces (hostNetwork=true, hostPID=true)"],
    [
      "privileged",
      spec({ securityContext: { privileged: true } }),
      'privileged (container "a" must not set securityContext.privileged=true)',
    ],
    [
      "capabilities",
      spec({ securityContext: { capabilities: { add: ["NET_ADMIN", "CHOWN"] } } }),
      'non-default capabilities (container "a" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      "host paths",
      spec(
        {},
        {
          volumes: [
            { name: "v", hostPath: { path: "/" } },
            { name: "w", hostPath: { path: "/" } },
          ],
        },
      ),
      'hostPath volumes (volumes "v", "w")',
    ],
    ["host ports", spec({ ports: [{ containerPort: 80, hostPort: 80 }] }), 'hostPort (container "a" uses hostPort 80)'],
    [
      "probe hosts",
      spec({ livenessProbe: { httpGet: { port: 80, host: "10.0.0.1" } } }),
      'probe or lifecycle host (container "a" uses probe or lifecycle host "10.0.0.1")',
    ],
    [
      "proc mounts",
      spec({ securityContext: { procMount: "Unmasked" } }),
      'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      "SELinux",
      spec({}, { securityContext: { seLinuxOptions: { type: "spc_t", user: "u" } } }),
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    ],
    [
      "seccomp",
      spec({ securityContext: { seccompProfile: { type: "Unconfined" } } }),
      'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      "sysctls",
      spec(
        {},
        {
          securityContext: {
            sysctls: [
              { name: "kernel.msgmax", value: "1" },
              { name: "net.ipv4.tcp_syncookies", value: "1" },
            ],
          },
        },
      ),
      "forbidden sysctls (kernel.msgmax)",
    ],
    [
      "host process",
      spec({ securityContext: { windowsOptions: { hostProcess: true } } }),
      'hostProcess (container "a" must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      "AppArmor",
      spec({ securityContext: { appArmorProfile: { type: "Unconfined" } } }),
      'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")',
    ],
  ])("%s", async (_name, podSpec, problem) => {
    expect(await outcome("baseline", podSpec)).toBe(
      problem === "" ? "" : `pods "web" is forbidden: violates PodSecurity "baseline:latest": ${problem}`,
    );
    expect(await outcome("privileged", podSpec)).toBe("");
  });
});

describe("restricted", () => {
  it("says everything at once", async () => {
    expect(await outcome("restricted", spec({}, { hostNetwork: true }))).toBe(
      'pods "web" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true), allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });

  it.each<[string, PodSpec, string]>([
    ["a good pod", spec({ securityContext: GOOD }), ""],
    [
      "settings of the pod",
      spec(
        { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
        { securityContext: { runAsNonRoot: true, seccompProfile: { type: "Localhost" } } },
      ),
      "",
    ],
    [
      "init containers",
      spec({ securityContext: GOOD }, { initContainers: [{ name: "i", securityContext: { ...GOOD, allowPrivilegeEscalation: true } }] }),
      'container "i" must set securityContext.allowPrivilegeEscalation=false',
    ],
    [
      "added capabilities",
      spec({ securityContext: { ...GOOD, capabilities: { drop: ["ALL"], add: ["CHOWN", "NET_BIND_SERVICE"] } } }),
      'container "a" must not include "CHOWN" in securityContext.capabilities.add',
    ],
    [
      "volumes",
      spec(
        { securityContext: GOOD },
        {
          volumes: [
            { name: "v", hostPath: { path: "/" } },
            { name: "ok", emptyDir: {} },
          ],
        },
      ),
      'restricted volume types (volume "v" uses restricted volume type "hostPath")',
    ],
    ["root", spec({ securityContext: { ...GOOD, runAsUser: 0 } }), 'runAsUser=0 (container "a" must not set runAsUser=0)'],
    [
      "said to be root",
      spec({ securityContext: { ...GOOD, runAsNonRoot: false } }),
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
    ],
    ["overruled by all containers", spec({ securityContext: GOOD }, { securityContext: { runAsNonRoot: false } }), ""],
    ["Windows", spec({ securityContext: { runAsNonRoot: true } }, { os: { name: "windows" } }), ""],
  ])("%s", async (_name, podSpec, problem) => {
    const message = await outcome("restricted", podSpec);
    if (problem === "") expect(message).toBe("");
    else expect(message).toContain(problem);
  });
});

describe("modes", () => {
  const bad = spec({ securityContext: { privileged: true } });

  it("warn of pods and of templates, and note in the audit log", async () => {
    const { plugin } = setUp({ warn: "baseline", audit: "baseline", "warn-version": "v1.30" });
    const pod = testRequest({ kind: "Pod", object: podOf(bad) });
    await admit(plugin, pod);
    const text = 'privileged (container "a" must not set securityContext.privileged=true)';
    expect(pod.warnings).toEqual([`would violate PodSecurity "baseline:v1.30": ${text}`]);
    expect(pod.annotations.get("pod-security.kubernetes.io/audit-violations")).toBe(`would violate PodSecurity "baseline:latest": ${text}`);
    const deployment = testRequest({ kind: "Deployment", object: { metadata: { name: "d" }, spec: { template: { spec: bad } } } });
    await admit(plugin, deployment);
    expect(deployment.warnings).toHaveLength(1);
  });

  it("refuse no templates", async () => {
    const request = testRequest({
      kind: "CronJob",
      object: { metadata: { name: "d" }, spec: { jobTemplate: { spec: { template: { spec: bad } } } } },
    });
    await admit(setUp({ enforce: "restricted" }).plugin, request);
  });

  it("look at new images of running pods only", async () => {
    const { plugin } = setUp({ enforce: "baseline" });
    const update = (object: object, oldObject: object): Promise<unknown> =>
      admit(plugin, testRequest({ kind: "Pod", operation: "UPDATE", object, oldObject }));
    await update({ ...podOf(bad), metadata: { name: "web", labels: { a: "b" } } }, podOf(bad));
    const renewed = { ...bad, containers: [{ ...bad.containers[0], name: "a", image: "new" }] };
    await expect(update(podOf(renewed), podOf(bad))).rejects.toThrow("violates PodSecurity");
  });
});

describe("namespaces", () => {
  const namespace = (labels: Record<string, string>): object => ({ metadata: { name: "default", labels } });

  it("have labels that can be read", async () => {
    const { plugin } = setUp({});
    const request = testRequest({ kind: "Namespace", object: namespace({ "pod-security.kubernetes.io/enforce": "strict" }) });
    await expect(admit(plugin, request)).rejects.toThrow(/metadata.labels\[pod-security.kubernetes.io\/enforce\]: Invalid value: "strict"/);
  });

  it("are warned of the pods that they hold", async () => {
    const { reader, plugin } = setUp({});
    for (const name of ["b", "a"])
      reader.put(RESOURCES.pods, { metadata: { namespace: "default", name }, spec: spec({}, { hostNetwork: true }) });
    const request = testRequest({
      kind: "Namespace",
      operation: "UPDATE",
      namespace: "default",
      object: namespace({ "pod-security.kubernetes.io/enforce": "baseline" }),
      oldObject: namespace({}),
    });
    await admit(plugin, request);
    expect(request.warnings).toEqual([
      'existing pods in namespace "default" violate the new PodSecurity enforce level "baseline:latest"',
      "a (and 1 other pod): host namespaces",
    ]);
  });
});

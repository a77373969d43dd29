import { describe, expect, it } from "vitest";
import type { Pod } from "../generated/types.ts";
import type { KindDefinition } from "../kind.ts";
import * as kinds from "../kinds/all-kinds.ts";
import { summarizePod } from "./pod-columns.ts";

const nowMs = Date.parse("2026-01-01T01:00:00Z");
const anHourAgo = "2026-01-01T00:00:00Z";

/** The cells of an object by column name; wide ones too. */
function cells(kind: unknown, object: object): Record<string, unknown> {
  const { columns = [] } = kind as KindDefinition;
  return Object.fromEntries(columns.map((column) => [column.name, column.value(object, nowMs)]));
}

const waiting = (reason: string): object => ({ state: { waiting: { reason } } });
const ended = (exitCode: number, reason?: string): object => ({ state: { terminated: { exitCode, reason } } });
const running = { ready: true, state: { running: {} } };
const specification = { containers: [{ name: "a" }, { name: "b" }] };
const initSpecification = { ...specification, initContainers: [{ name: "i" }, { name: "j" }] };

describe("the status of a Pod", () => {
  it.each<[string, object, string, string]>([
    ["0/2", { spec: specification, status: { phase: "Pending" } }, "Pending", "0/2"],
    ["running", { spec: specification, status: { phase: "Running", containerStatuses: [running, running] } }, "Running", "2/2"],
    [
      "one crashes",
      { spec: specification, status: { phase: "Running", containerStatuses: [running, waiting("CrashLoopBackOff")] } },
      "CrashLoopBackOff",
      "1/2",
    ],
    [
      "the first that has something to say",
      { spec: specification, status: { phase: "Pending", containerStatuses: [waiting("ErrImagePull"), waiting("ContainerCreating")] } },
      "ErrImagePull",
      "0/2",
    ],
    [
      "ended",
      { spec: specification, status: { phase: "Succeeded", containerStatuses: [ended(0, "Completed"), ended(0, "Completed")] } },
      "Completed",
      "0/2",
    ],
    ["failed with a code", { spec: specification, status: { phase: "Failed", containerStatuses: [ended(3)] } }, "ExitCode:3", "0/2"],
    [
      "failed with a signal",
      { spec: specification, status: { phase: "Failed", containerStatuses: [{ state: { terminated: { exitCode: 137, signal: 9 } } }] } },
      "Signal:9",
      "0/2",
    ],
    [
      "one has ended, one runs, ready",
      {
        spec: specification,
        status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }], containerStatuses: [ended(0, "Completed"), running] },
      },
      "Running",
      "1/2",
    ],
    [
      "one has ended, one runs, not ready",
      { spec: specification, status: { phase: "Running", containerStatuses: [ended(0, "Completed"), running] } },
      "NotReady",
      "1/2",
    ],
    ["evicted", { spec: specification, status: { phase: "Failed", reason: "Evicted" } }, "Evicted", "0/2"],
    [
      "gated",
      { spec: specification, status: { phase: "Pending", conditions: [{ type: "PodScheduled", reason: "SchedulingGated" }] } },
      "SchedulingGated",
      "0/2",
    ],
    [
      "initialising",
      {
        spec: initSpecification,
        status: {
          phase: "Pending",
          initContainerStatuses: [
            { name: "i", ...ended(0) },
            { name: "j", state: { running: {} } },
          ],
        },
      },
      "Init:1/2",
      "0/2",
    ],
    [
      "initialisation crashes",
      { spec: initSpecification, status: { phase: "Pending", initContainerStatuses: [{ name: "i", ...waiting("CrashLoopBackOff") }] } },
      "Init:CrashLoopBackOff",
      "0/2",
    ],
    [
      "initialisation failed",
      { spec: initSpecification, status: { phase: "Pending", initContainerStatuses: [{ name: "i", ...ended(1, "Error") }] } },
      "Init:Error",
      "0/2",
    ],
    [
      "waits for its turn",
      { spec: initSpecification, status: { phase: "Pending", initContainerStatuses: [{ name: "i", ...waiting("PodInitializing") }] } },
      "Init:0/2",
      "0/2",
    ],
    [
      "a sidecar counts",
      {
        spec: { ...specification, initContainers: [{ name: "s", restartPolicy: "Always" }] },
        status: {
          phase: "Running",
          initContainerStatuses: [{ name: "s", started: true, ...running }],
          containerStatuses: [running, running],
        },
      },
      "Running",
      "3/3",
    ],
    ["going", { metadata: { deletionTimestamp: anHourAgo }, spec: specification, status: { phase: "Running" } }, "Terminating", "0/2"],
    [
      "going, on a lost node",
      { metadata: { deletionTimestamp: anHourAgo }, spec: specification, status: { phase: "Running", reason: "NodeLost" } },
      "Unknown",
      "0/2",
    ],
    [
      "going, but ended",
      { metadata: { deletionTimestamp: anHourAgo }, spec: specification, status: { phase: "Succeeded" } },
      "Succeeded",
      "0/2",
    ],
  ])("%s", (_name, pod, status, ready) => {
    expect(summarizePod(pod as Pod)).toMatchObject({ status, ready });
  });

  it("says how often and when last it was restarted", () => {
    const status = (count: number, minutes: number): object => ({
      ...running,
      restartCount: count,
      lastState: { terminated: { finishedAt: `2026-01-01T00:${minutes}:00Z` } },
    });
    expect(cells(kinds.podKind, { spec: specification, status: { containerStatuses: [status(2, 55), status(1, 50)] } }).Restarts).toBe(
      "3 (5m ago)",
    );
    expect(cells(kinds.podKind, { spec: specification, status: { containerStatuses: [{ ...running, restartCount: 0 }] } }).Restarts).toBe(
      "0",
    );
  });
});

describe("cells", () => {
  const metadata = { name: "x", creationTimestamp: anHourAgo };
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i:1" }] } };
  const selector = { matchLabels: { a: "b" } };

  it.each<[string, unknown, object, object]>([
    [
      "Pod",
      kinds.podKind,
      { metadata, spec: { ...specification, nodeName: "n" }, status: { phase: "Running", podIPs: [{ ip: "10.0.0.1" }] } },
      { Age: "60m", IP: "10.0.0.1", Node: "n", "Nominated Node": "<none>", "Readiness Gates": "<none>" },
    ],
    [
      "Deployment",
      kinds.deploymentKind,
      { metadata, spec: { replicas: 3, selector, template }, status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 } },
      { Ready: "2/3", "Up-to-date": 3, Available: 1, Age: "60m", Containers: "c", Images: "i:1", Selector: "a=b" },
    ],
    [
      "ReplicaSet",
      kinds.replicaSetKind,
      { spec: { replicas: 3, selector, template }, status: { replicas: 2 } },
      { Desired: 3, Current: 2, Ready: 0, Age: "<unknown>" },
    ],
    [
      "DaemonSet",
      kinds.daemonSetKind,
      { spec: { template }, status: { desiredNumberScheduled: 2 } },
      { Desired: 2, Current: 0, "Node Selector": "<none>" },
    ],
    [
      "Job",
      kinds.jobKind,
      { spec: { completions: 3 }, status: { succeeded: 1, startTime: "2026-01-01T00:59:00Z" } },
      { Status: "Running", Completions: "1/3", Duration: "60s" },
    ],
    [
      "Job that is done",
      kinds.jobKind,
      {
        spec: { parallelism: 2 },
        status: {
          succeeded: 1,
          startTime: anHourAgo,
          completionTime: "2026-01-01T00:00:05Z",
          conditions: [{ type: "Complete", status: "True" }],
        },
      },
      { Status: "Complete", Completions: "1/1 of 2", Duration: "5s" },
    ],
    [
      "CronJob",
      kinds.cronJobKind,
      { spec: { schedule: "@daily", suspend: true }, status: { active: [{}], lastScheduleTime: anHourAgo } },
      { Schedule: "@daily", Timezone: "<none>", Suspend: "True", Active: 1, "Last Schedule": "60m" },
    ],
    [
      "Service",
      kinds.serviceKind,
      {
        spec: {
          type: "NodePort",
          clusterIPs: ["10.96.0.1"],
          ports: [
            { port: 80, nodePort: 30080, protocol: "TCP" },
            { port: 53, protocol: "UDP" },
          ],
        },
      },
      { Type: "NodePort", "Cluster-IP": "10.96.0.1", "External-IP": "<none>", "Port(s)": "80:30080/TCP,53/UDP" },
    ],
    ["Service, waiting for its balancer", kinds.serviceKind, { spec: { type: "LoadBalancer" } }, { "External-IP": "<pending>" }],
    [
      "Service with a balancer",
      kinds.serviceKind,
      { spec: { type: "LoadBalancer" }, status: { loadBalancer: { ingress: [{ hostname: "a-very-long-name.example.com" }] } } },
      { "External-IP": "a-very-long-n..." },
    ],
    [
      "Service of an external name",
      kinds.serviceKind,
      { spec: { type: "ExternalName", externalName: "a.b" } },
      { "Cluster-IP": "<none>", "External-IP": "a.b", "Port(s)": "<none>" },
    ],
    [
      "Node",
      kinds.nodeKind,
      {
        metadata: { labels: { "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "" } },
        spec: { unschedulable: true },
        status: { conditions: [{ type: "Ready", status: "True" }], addresses: [{ type: "InternalIP", address: "10.0.0.2" }] },
      },
      {
        Status: "Ready,SchedulingDisabled",
        Roles: "control-plane,worker",
        "Internal-IP": "10.0.0.2",
        "External-IP": "<none>",
        "OS-Image": "<unknown>",
      },
    ],
    ["Node without a word", kinds.nodeKind, {}, { Status: "Unknown", Roles: "<none>" }],
    [
      "Endpoints",
      kinds.endpointsKind,
      { subsets: [{ addresses: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }, { ip: "10.0.0.3" }, { ip: "10.0.0.4" }], ports: [{ port: 80 }] }] },
      { Endpoints: "10.0.0.1:80,[fd00::1]:80,10.0.0.3:80 + 1 more..." },
    ],
    ["Endpoints, none", kinds.endpointsKind, {}, { Endpoints: "<none>" }],
    [
      "EndpointSlice",
      kinds.endpointSliceKind,
      { addressType: "IPv4", ports: [{ port: 80 }, {}], endpoints: [{ addresses: ["10.0.0.1"] }] },
      { AddressType: "IPv4", Ports: "80,*", Endpoints: "10.0.0.1" },
    ],
    [
      "Ingress",
      kinds.ingressKind,
      { spec: { rules: [{ host: "a" }, { host: "b" }, { host: "c" }, { host: "d" }], tls: [{}] } },
      { Class: "<none>", Hosts: "a,b,c + 1 more...", Address: "", Ports: "80, 443" },
    ],
    [
      "PersistentVolumeClaim, going",
      kinds.persistentVolumeClaimKind,
      {
        metadata: { deletionTimestamp: anHourAgo },
        spec: { volumeName: "v", storageClassName: "s" },
        status: { phase: "Bound", capacity: { storage: "1024Mi" }, accessModes: ["ReadWriteMany", "ReadWriteOnce"] },
      },
      {
        Status: "Terminating",
        Volume: "v",
        Capacity: "1Gi",
        "Access Modes": "RWO,RWX",
        StorageClass: "s",
        VolumeAttributesClass: "<unset>",
      },
    ],
    [
      "PersistentVolume",
      kinds.persistentVolumeKind,
      { spec: { claimRef: { namespace: "n", name: "c" }, capacity: { storage: "1Gi" } }, status: { phase: "Bound" } },
      { Capacity: "1Gi", Claim: "n/c", Status: "Bound" },
    ],
    [
      "StorageClass",
      kinds.storageClassKind,
      { metadata: { name: "s", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } }, provisioner: "p" },
      { Name: "s (default)", Provisioner: "p", AllowVolumeExpansion: false },
    ],
    [
      "Event of the older kind",
      kinds.eventKind,
      {
        metadata: { name: "e" },
        involvedObject: { kind: "Pod", name: "p" },
        type: "Normal",
        reason: "Pulled",
        message: " done\n",
        source: { component: "kubelet", host: "n" },
        firstTimestamp: anHourAgo,
        lastTimestamp: "2026-01-01T00:59:30Z",
        count: 4,
      },
      {
        "Last Seen": "30s",
        Type: "Normal",
        Reason: "Pulled",
        Object: "pod/p",
        Source: "kubelet, n",
        Message: "done",
        "First Seen": "60m",
        Count: 4,
        Name: "e",
      },
    ],
    [
      "Event of the newer kind",
      kinds.eventKind,
      {
        involvedObject: { kind: "Node", name: "n" },
        eventTime: "2026-01-01T00:50:00.000000Z",
        reportingComponent: "c",
        reportingInstance: "c-1",
        series: { count: 7, lastObservedTime: "2026-01-01T00:59:58.000000Z" },
      },
      { "Last Seen": "2s", "First Seen": "10m", Count: 7, Source: "c, c-1" },
    ],
    [
      "HorizontalPodAutoscaler",
      kinds.horizontalPodAutoscalerKind,
      {
        spec: {
          scaleTargetRef: { kind: "Deployment", name: "d" },
          minReplicas: 1,
          maxReplicas: 3,
          metrics: [{ type: "Resource", resource: { name: "cpu", target: { averageUtilization: 80 } } }],
        },
        status: {
          currentReplicas: 2,
          currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 12 } } }],
        },
      },
      { Reference: "Deployment/d", Targets: "cpu: 12%/80%", MinPods: "1", MaxPods: 3, Replicas: 2 },
    ],
    [
      "ResourceQuota",
      kinds.resourceQuotaKind,
      { status: { hard: { pods: "10", "limits.cpu": "4" }, used: { pods: "3" } } },
      { Request: "pods: 3/10", Limit: "limits.cpu: 0/4" },
    ],
    [
      "CertificateSigningRequest",
      kinds.certificateSigningRequestKind,
      {
        spec: { signerName: "s", username: "u", expirationSeconds: 3600 },
        status: { conditions: [{ type: "Approved" }], certificate: "Yw==" },
      },
      { Requestor: "u", RequestedDuration: "60m", Condition: "Approved,Issued" },
    ],
    [
      "RoleBinding",
      kinds.roleBindingKind,
      {
        roleRef: { kind: "Role", name: "r" },
        subjects: [
          { kind: "ServiceAccount", namespace: "n", name: "s" },
          { kind: "User", name: "u" },
        ],
      },
      { Role: "Role/r", Users: "u", ServiceAccounts: "n/s" },
    ],
    ["ConfigMap", kinds.configMapKind, { data: { a: "1" }, binaryData: { b: "" } }, { Data: 2 }],
    ["ClusterRole", kinds.clusterRoleKind, { metadata }, { "Created At": anHourAgo }],
  ])("of a %s", (_name, kind, object, expected) => {
    expect(cells(kind, object)).toMatchObject(expected);
  });

  it.each(kinds.allKinds.map((kind) => [kind.kind, kind] as const))("of an empty %s can be shown", (_name, kind) => {
    for (const column of kind.columns ?? []) {
      expect(["string", "number", "boolean"]).toContain(typeof column.value({}, nowMs));
    }
    for (const value of Object.values(kind.fieldSelectors ?? {})) expect(typeof value({})).toBe("string");
  });
});

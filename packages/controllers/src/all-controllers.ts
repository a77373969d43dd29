import { componentHost, type Host } from "@skiff/base";
import { EventRecorder, type Client, type InformerFactory } from "@skiff/client";
import { runController, type AnyController, type ControllerMetrics, type RunningController } from "@skiff/controller-kit";
import type { ControllerContext } from "./controller-context.ts";
import { createTokenCleaner } from "./bootstrap-token/cleaner-controller.ts";
import { createBootstrapSigner } from "./bootstrap-token/signer-controller.ts";
import { createCertificateApprovingController } from "./certificates/approving-controller.ts";
import type { CertificateSigningOptions } from "./certificates/certificate-signing.ts";
import { createCertificateCleanerController } from "./certificates/cleaner-controller.ts";
import { createCertificateSigningController } from "./certificates/signing-controller.ts";
import { createClusterRoleAggregationController } from "./clusterrole-aggregation/controller.ts";
import { createCronJobController } from "./cronjob/controller.ts";
import { createDaemonSetController } from "./daemonset/controller.ts";
import { createDeploymentController } from "./deployment/controller.ts";
import { createDisruptionController } from "./disruption/controller.ts";
import { createEndpointsController } from "./endpoints/controller.ts";
import { createEndpointSliceController } from "./endpointslice/controller.ts";
import { createEndpointSliceMirroringController } from "./endpointslicemirroring/controller.ts";
import { createEphemeralVolumeController } from "./ephemeral-volume/controller.ts";
import { createGarbageCollector } from "./garbage-collector/controller.ts";
import { createHorizontalPodAutoscalerController } from "./horizontal-pod-autoscaler/controller.ts";
import { createJobController } from "./job/controller.ts";
import { createJobOrphanController } from "./job/orphan-controller.ts";
import { createLocalVolumePlacementController } from "./local-volume-placement/controller.ts";
import { createNamespaceController } from "./namespace/controller.ts";
import { createNodeIpamController, type NodeIpamOptions } from "./node-ipam/controller.ts";
import { createNodeLifecycleController } from "./node-lifecycle/controller.ts";
import type { NodeLifecycleOptions } from "./node-lifecycle/plan.ts";
import { createPodGarbageCollector, type PodGarbageCollectorOptions } from "./pod-gc/controller.ts";
import { createPersistentVolumeController } from "./persistentvolume/controller.ts";
import { createReplicaSetController } from "./replicaset/controller.ts";
import { createReplicationControllerController } from "./replicationcontroller/controller.ts";
import { createResourceQuotaController } from "./resourcequota/controller.ts";
import { createRootCaPublisher } from "./root-ca-publisher/controller.ts";
import { createServiceLoadBalancerController } from "./service-load-balancer/controller.ts";
import { createServiceAccountController } from "./serviceaccount/controller.ts";
import { createStatefulSetController } from "./statefulset/controller.ts";
import {
  createAttributesClassProtectionController,
  createClaimProtectionController,
  createVolumeProtectionController,
} from "./storage-protection/controllers.ts";
import { createTaintEvictionController } from "./taint-eviction/controller.ts";
import { createTtlAfterFinishedController } from "./ttl-after-finished/controller.ts";

/** What the controllers of a cluster need beside the API. */
export interface ControllerOptions {
  /** The CA (PEM) that signed the API server's certificate; without it `kube-root-ca.crt` is not published. */
  readonly rootCa?: string;
  /** How certificates are signed; without it requests for them are neither approved nor signed. */
  readonly certificates?: CertificateSigningOptions;
  readonly nodeIpam?: NodeIpamOptions;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  readonly podGarbageCollector?: PodGarbageCollectorOptions;
  /** The range of addresses for Services of type LoadBalancer; without it they stay without one, for another controller to give. */
  readonly loadBalancerCidr?: string;
}

/** One controller: how it is made and as whom it acts. */
interface ControllerEntry {
  /** Unique; also the name in the log. */
  readonly name: string;
  /** The service account in `kube-system`; its role is `system:controller:<account>`. */
  readonly account: string;
  /** `undefined` when the options leave it out. */
  readonly create: (context: ControllerContext, options: ControllerOptions) => AnyController | undefined;
}

function entry(name: string, create: ControllerEntry["create"], account = name): ControllerEntry {
  return { name, account, create };
}

/** Every controller, in the order in which they are started. */
export const allControllers: readonly ControllerEntry[] = [
  entry("service-account-controller", createServiceAccountController),
  entry("root-ca-cert-publisher", (context, { rootCa }) => (rootCa === undefined ? undefined : createRootCaPublisher(context, rootCa))),
  entry("namespace-controller", createNamespaceController),
  entry("replicaset-controller", createReplicaSetController),
  entry("replication-controller", createReplicationControllerController),
  entry("deployment-controller", createDeploymentController),
  entry("daemon-set-controller", createDaemonSetController),
  entry("statefulset-controller", createStatefulSetController),
  entry("job-controller", createJobController),
  entry("job-orphan-controller", createJobOrphanController, "job-controller"),
  entry("cronjob-controller", createCronJobController),
  entry("endpoint-controller", createEndpointsController),
  entry("endpointslice-controller", createEndpointSliceController),
  entry("endpointslicemirroring-controller", createEndpointSliceMirroringController),
  entry("service-controller", (context, { loadBalancerCidr }) =>
    loadBalancerCidr === undefined ? undefined : createServiceLoadBalancerController(context, loadBalancerCidr),
  ),
  entry("generic-garbage-collector", createGarbageCollector),
  entry(
    "node-lifecycle-controller",
    (context, { nodeLifecycle }) => createNodeLifecycleController(context, nodeLifecycle),
    "node-controller",
  ),
  entry("taint-eviction-controller", createTaintEvictionController, "node-controller"),
  entry("pod-garbage-collector", (context, { podGarbageCollector }) => createPodGarbageCollector(context, podGarbageCollector)),
  entry("node-ipam-controller", (context, { nodeIpam }) => nodeIpam && createNodeIpamController(context, nodeIpam), "node-controller"),
  entry("persistentvolume-controller", createPersistentVolumeController, "persistent-volume-binder"),
  entry("local-volume-placement-controller", createLocalVolumePlacementController, "persistent-volume-binder"),
  entry("persistentvolumeclaim-protection-controller", createClaimProtectionController, "pvc-protection-controller"),
  entry("persistentvolume-protection-controller", createVolumeProtectionController, "pv-protection-controller"),
  entry("volumeattributesclass-protection-controller", createAttributesClassProtectionController),
  entry("ephemeral-volume-controller", createEphemeralVolumeController),
  entry("clusterrole-aggregation-controller", createClusterRoleAggregationController),
  entry("horizontal-pod-autoscaler", createHorizontalPodAutoscalerController),
  entry("disruption-controller", createDisruptionController),
  entry("resourcequota-controller", createResourceQuotaController),
  entry("ttl-after-finished-controller", createTtlAfterFinishedController),
  entry(
    "certificatesigningrequest-signing-controller",
    (context, { certificates }) => certificates && createCertificateSigningController(context, certificates),
    "certificate-controller",
  ),
  entry(
    "certificatesigningrequest-approving-controller",
    (context, { certificates }) => certificates && createCertificateApprovingController(context, certificates),
    "certificate-controller",
  ),
  entry("certificatesigningrequest-cleaner-controller", createCertificateCleanerController, "certificate-controller"),
  entry("bootstrap-signer-controller", createBootstrapSigner, "bootstrap-signer"),
  entry("token-cleaner-controller", createTokenCleaner, "token-cleaner"),
];

/** The user name of a controller's service account. */
export function controllerUser(account: string): string {
  return `system:serviceaccount:kube-system:${account}`;
}

/** What {@link startControllers} needs. */
interface StartControllersOptions extends ControllerOptions {
  readonly host: Host;
  readonly informers: InformerFactory;
  /** The client that acts as this service account of `kube-system`. */
  readonly clientFor: (account: string) => Client;
  /** Only these (by name). Default: all. */
  readonly only?: readonly string[];
  readonly metrics?: ControllerMetrics;
}

/** All controllers under way. */
export interface RunningControllers {
  readonly controllers: readonly RunningController[];
  /** Resolves when every controller has its caches and works. */
  readonly started: Promise<void>;
  /** Ends all of them, then their events. The informers are the caller's. */
  stop(): Promise<void>;
}

/** Makes and runs the controllers, each with its own identity; they share the informers, which this starts. */
export function startControllers(options: StartControllersOptions): RunningControllers {
  const { host, informers, clientFor, only, metrics } = options;
  const running: RunningController[] = [];
  const recorders: EventRecorder[] = [];
  for (const { name, account, create } of allControllers) {
    if (only !== undefined && !only.includes(name)) continue;
    const own = componentHost(host, name);
    const client = clientFor(account);
    const events = new EventRecorder(client, own, name);
    const controller = create({ host: own, client, informers, events }, options);
    if (controller === undefined) continue;
    recorders.push(events);
    running.push(runController(controller, host, metrics));
  }
  informers.start();
  return {
    controllers: running,
    started: Promise.all(running.map(({ started }) => started)).then(() => {}),
    async stop() {
      await Promise.all(running.map((controller) => controller.stop()));
      await Promise.all(recorders.map((recorder) => recorder.stop()));
    },
  };
}

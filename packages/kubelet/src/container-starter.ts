import { messageOf } from "@skiff/base";
import type { Container, Pod } from "@skiff/api";
import { containerDevices } from "./container-devices.ts";
import { containerMounts, type MountParts } from "./container-mounts.ts";
import { containerResources } from "./container-resources.ts";
import type { ContainerConfig, ContainerRuntime, Image, PodSandboxConfig } from "./container-runtime.ts";
import { containerEnvironment } from "./environment.ts";
import type { KubeletSources } from "./kubelet-sources.ts";
import { containerLogPath } from "./pod-directories.ts";
import type { PodContainer } from "./pod-containers.ts";
import type { PodEvents } from "./pod-events.ts";
import type { NodeSideFields } from "./pod-fields.ts";
import { podHostname } from "./pod-hostname.ts";
import { containerAnnotations, containerLabels } from "./runtime-labels.ts";
import { latestContainer, type RuntimePod } from "./runtime-pod.ts";
import { containerSecurity } from "./security-context.ts";
import { StartError } from "./start-error.ts";
import { expandVariables } from "./variable-expansion.ts";
import type { ReadyVolume } from "./volumes/volume-manager.ts";

/** What a {@link ContainerStarter} works with. */
interface StarterParts extends MountParts {
  readonly runtime: Pick<ContainerRuntime, "createContainer" | "startContainer">;
  readonly sources: Pick<KubeletSources, "configMaps" | "secrets" | "services">;
  readonly events: PodEvents;
  readonly clusterDomain: string;
  readonly memoryCapacityBytes: () => number;
  readonly podPidsLimit?: number;
}

/** One container to be started in a ready sandbox. */
interface StartRequest {
  readonly pod: Pod;
  readonly spec: PodContainer;
  readonly runtime: RuntimePod;
  readonly sandboxId: string;
  readonly sandbox: PodSandboxConfig;
  readonly image: Image;
  readonly volumes: ReadonlyMap<string, ReadyVolume>;
  readonly fields: NodeSideFields;
  readonly hostsOfNode: string;
  readonly restartCount: number;
}

/** Creates and starts containers. */
export class ContainerStarter {
  readonly #parts: StarterParts;

  constructor(parts: StarterParts) {
    this.#parts = parts;
  }

  /**
   * Answers the id of the started container.
   *
   * Errors: a StartError with `CreateContainerConfigError`, `CreateContainerError` or `RunContainerError`; the event is out by then.
   */
  async start(request: StartRequest): Promise<string> {
    const { runtime, events } = this.#parts;
    const { pod, spec, sandbox } = request;
    const fail = (reason: string, error: unknown): StartError => {
      const failure = error instanceof StartError ? error : new StartError(reason, messageOf(error), { cause: error });
      events.container(pod, spec.container, "Warning", "Failed", `Error: ${failure.message}`);
      return failure;
    };
    let config: ContainerConfig;
    try {
      config = await this.#config(request);
    } catch (error) {
      throw fail("CreateContainerConfigError", error);
    }
    let id: string;
    try {
      id = await runtime.createContainer(request.sandboxId, config, sandbox);
    } catch (error) {
      throw fail("CreateContainerError", error);
    }
    events.container(pod, spec.container, "Normal", "Created", "Container created");
    try {
      await runtime.startContainer(id);
    } catch (error) {
      throw fail("RunContainerError", error);
    }
    events.container(pod, spec.container, "Normal", "Started", "Container started");
    return id;
  }

  async #config(request: StartRequest): Promise<ContainerConfig> {
    const { pod, spec, restartCount, fields, image } = request;
    const { container } = spec;
    const parts = this.#parts;
    const environment = await containerEnvironment(pod, container, parts.sources, fields);
    const expand = (text: string): string => expandVariables(text, (name) => environment.get(name));
    const security = containerSecurity(pod, container, image, {
      kubeletRoot: parts.directories.root,
      extraGroups: [],
      targetId: this.#targetId(request),
    });
    const mounts = await containerMounts(parts, {
      pod,
      container,
      volumes: request.volumes,
      environment,
      restartCount,
      names: podHostname(pod, parts.clusterDomain),
      podIps: fields.podIps,
      hostsOfNode: request.hostsOfNode,
    });
    const logPath = containerLogPath(container.name, restartCount);
    await parts.fileSystem.makeDirectory(`${request.sandbox.logDirectory}/${container.name}`, 0o755);
    return {
      metadata: { name: container.name, attempt: restartCount },
      image: { image: image.id, userSpecifiedImage: container.image ?? "" },
      command: (container.command ?? []).map(expand),
      args: (container.args ?? []).map(expand),
      workingDir: container.workingDir ?? "",
      env: Array.from(environment, ([key, value]) => ({ key, value })),
      mounts,
      devices: containerDevices(container, request.volumes),
      labels: containerLabels(pod, container),
      annotations: containerAnnotations(pod, container, restartCount),
      logPath,
      stdin: container.stdin === true,
      stdinOnce: container.stdinOnce === true,
      tty: container.tty === true,
      ...(container.lifecycle?.stopSignal ? { stopSignal: container.lifecycle.stopSignal } : {}),
      linux: { ...security, resources: this.#resources(pod, container) },
    };
  }

  #resources(pod: Pod, container: Container): ContainerConfig["linux"]["resources"] {
    const { memoryCapacityBytes, podPidsLimit } = this.#parts;
    return containerResources(pod, container, memoryCapacityBytes(), podPidsLimit);
  }

  /** An ephemeral container may look into the processes of another one. */
  #targetId({ pod, spec, runtime }: StartRequest): string | undefined {
    if (spec.kind !== "ephemeral") return undefined;
    const target = pod.spec?.ephemeralContainers?.find(({ name }) => name === spec.container.name)?.targetContainerName;
    if (!target) return undefined;
    const container = latestContainer(runtime, target);
    if (container?.state !== "CONTAINER_RUNNING")
      throw new StartError("CreateContainerConfigError", `unable to find target container ${target}`);
    return container.id;
  }
}

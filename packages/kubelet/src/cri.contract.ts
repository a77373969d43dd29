import assert from "node:assert/strict";
import {
  type ContainerConfig,
  type ContainerEvent,
  type ContainerRuntime,
  type ContainerStatus,
  type PodSandboxConfig,
  RuntimeError,
} from "./container-runtime.ts";

/** One runtime under test, and what the cases need to know about it. */
export interface RuntimeContractSubject {
  readonly runtime: ContainerRuntime;
  /** The reference of an image that is there and has a shell. Containers run `/bin/sh -c SCRIPT` in it. */
  readonly image: string;
  /** Where logs go. */
  readonly logDirectory: string;
  /** The control group of Pods. */
  readonly cgroupParent: string;
  /** The lines that a container wrote, of both streams, without time and stream. */
  readLog(path: string): Promise<readonly string[]>;
  /** Waits for `promise`, moving time where time is virtual. */
  waitFor<T>(promise: Promise<T>): Promise<T>;
  /** Waits until `done`, for at most 20 s, moving time where time is virtual. */
  until(done: () => Promise<boolean>): Promise<void>;
  /** False for a runtime that answers `UNIMPLEMENTED` to `containerEvents`. */
  readonly hasEvents: boolean;
}

/**
 * What the scripts in the cases do. A simulated runtime has no shell: it needs a behaviour for each of them.
 */
export const CONTRACT_SCRIPTS = {
  /** Prints `ready`, runs until it is stopped, and then ends with code 0. */
  sleeps: "trap 'exit 0' TERM; echo ready; while true; do sleep 0.1; done",
  /** Prints two lines and ends with code 3. */
  fails: "echo out; echo err >&2; exit 3",
  /** Prints `ready`, and does not end on the stop signal. */
  stubborn: "trap '' TERM; echo ready; while true; do sleep 0.1; done",
} as const;

/** The commands that the cases run inside a container that {@link CONTRACT_SCRIPTS.sleeps}. */
export const CONTRACT_EXECS = {
  /** Prints `hello`, and `oops` to its errors, and ends with code 7. */
  answers: ["/bin/sh", "-c", "echo hello; echo oops >&2; exit 7"],
  /** Takes a minute. */
  slow: ["/bin/sleep", "60"],
} as const;

/** One property that every implementation of {@link ContainerRuntime} has. */
interface RuntimeContractCase {
  readonly name: string;
  run(subject: RuntimeContractSubject): Promise<void>;
}

/** The cases. Each removes what it made, when it passes. */
export const containerRuntimeContract: readonly RuntimeContractCase[] = [
  {
    name: "says its name and that it is ready",
    async run({ runtime }) {
      const version = await runtime.version();
      assert.equal(version.runtimeApiVersion, "v1");
      assert.notEqual(version.runtimeName, "");
      const { conditions } = await runtime.status();
      assert.equal(conditions.find(({ type }) => type === "RuntimeReady")?.status, true);
      assert.equal(conditions.find(({ type }) => type === "NetworkReady")?.status, true);
    },
  },
  {
    name: "gives a sandbox an address and keeps what it was made with",
    async run(subject) {
      const { runtime } = subject;
      const config = sandboxConfig(subject, "address");
      const id = await runtime.runPodSandbox(config);
      const status = await runtime.podSandboxStatus(id);
      assert.equal(status?.state, "SANDBOX_READY");
      assert.equal(status.ips.length > 0, true);
      assert.deepEqual(status.metadata, config.metadata);
      assert.deepEqual(status.labels, config.labels);
      assert.deepEqual(status.annotations, config.annotations);
      assert.equal(status.createdAtNs > 0, true);
      await removeSandbox(runtime, id);
    },
  },
  {
    name: "gives no address to a sandbox on the host's network, and different ones to two others",
    async run(subject) {
      const { runtime } = subject;
      const onHost = sandboxConfig(subject, "host-network");
      const host = await runtime.runPodSandbox({
        ...onHost,
        hostname: "",
        linux: { ...onHost.linux, namespaceOptions: { ...onHost.linux.namespaceOptions, network: "NODE" } },
      });
      const first = await runtime.runPodSandbox(sandboxConfig(subject, "first"));
      const second = await runtime.runPodSandbox(sandboxConfig(subject, "second"));
      const ipsOf = async (id: string): Promise<readonly string[]> => (await runtime.podSandboxStatus(id))?.ips ?? [];
      assert.deepEqual(await ipsOf(host), []);
      assert.notDeepEqual(await ipsOf(first), await ipsOf(second));
      for (const id of [host, first, second]) await removeSandbox(runtime, id);
    },
  },
  {
    name: "refuses a second sandbox of the same attempt, and takes the next attempt",
    async run(subject) {
      const { runtime } = subject;
      const config = sandboxConfig(subject, "twice");
      const first = await runtime.runPodSandbox(config);
      await assert.rejects(runtime.runPodSandbox(config), RuntimeError);
      const second = await runtime.runPodSandbox({ ...config, metadata: { ...config.metadata, attempt: 1 } });
      assert.notEqual(first, second);
      await removeSandbox(runtime, first);
      await removeSandbox(runtime, second);
    },
  },
  {
    name: "lists sandboxes by label and by state",
    async run(subject) {
      const { runtime } = subject;
      const first = await runtime.runPodSandbox({ ...sandboxConfig(subject, "list-a"), labels: { group: "list", part: "a" } });
      const second = await runtime.runPodSandbox({ ...sandboxConfig(subject, "list-b"), labels: { group: "list", part: "b" } });
      await runtime.stopPodSandbox(second);
      const idsOf = async (filter: Parameters<ContainerRuntime["listPodSandboxes"]>[0]): Promise<readonly string[]> =>
        (await runtime.listPodSandboxes(filter)).map(({ id }) => id);
      assert.deepEqual(new Set(await idsOf({ labels: { group: "list" } })), new Set([first, second]));
      assert.deepEqual(await idsOf({ labels: { group: "list", part: "b" } }), [second]);
      assert.deepEqual(await idsOf({ labels: { group: "list" }, state: "SANDBOX_READY" }), [first]);
      assert.deepEqual(await idsOf({ labels: { group: "nobody" } }), []);
      await removeSandbox(runtime, first);
      await removeSandbox(runtime, second);
    },
  },
  {
    name: "takes a container through created, running and exited",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, containerId } = await createContainer(subject, "life", CONTRACT_SCRIPTS.fails);
      const created = await statusOf(runtime, containerId);
      assert.equal(created.state, "CONTAINER_CREATED");
      assert.equal(created.podSandboxId, sandboxId);
      assert.equal(created.createdAtNs > 0, true);
      assert.equal(created.startedAtNs, 0);
      await subject.waitFor(runtime.startContainer(containerId));
      const ended = await untilExited(subject, containerId);
      assert.equal(ended.exitCode, 3);
      assert.equal(ended.reason, "Error");
      assert.equal(ended.startedAtNs >= ended.createdAtNs, true);
      // Not compared with the start: containerd notes that after the start has returned, when such a container may have ended.
      assert.equal(ended.finishedAtNs >= ended.createdAtNs, true);
      await removeSandbox(runtime, sandboxId);
    },
  },
  {
    name: "writes what a container prints to its log",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, containerId } = await createContainer(subject, "logs", CONTRACT_SCRIPTS.fails);
      await runtime.startContainer(containerId);
      const { logPath } = await untilExited(subject, containerId);
      assert.equal(logPath, `${subject.logDirectory}/logs/main/0.log`);
      await subject.until(async () => (await subject.readLog(logPath)).length === 2);
      assert.deepEqual([...(await subject.readLog(logPath))].sort(), ["err", "out"]);
      await removeSandbox(runtime, sandboxId);
    },
  },
  {
    name: "stops a container that obeys the stop signal before the time of grace is over",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, containerId } = await startContainer(subject, "obeys", CONTRACT_SCRIPTS.sleeps);
      await subject.waitFor(runtime.stopContainer(containerId, 30));
      const ended = await statusOf(runtime, containerId);
      assert.equal(ended.state, "CONTAINER_EXITED");
      assert.equal(ended.exitCode, 0);
      assert.equal(ended.reason, "Completed");
      assert.equal(ended.finishedAtNs - ended.startedAtNs < 20e9, true);
      // Both are idempotent.
      await runtime.stopContainer(containerId, 30);
      await removeSandbox(runtime, sandboxId);
      await removeSandbox(runtime, sandboxId);
    },
  },
  {
    name: "kills a container that ignores the stop signal, after the time of grace",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, containerId } = await startContainer(subject, "stubborn", CONTRACT_SCRIPTS.stubborn);
      await subject.waitFor(runtime.stopContainer(containerId, 1));
      const ended = await statusOf(runtime, containerId);
      assert.equal(ended.state, "CONTAINER_EXITED");
      assert.equal(ended.exitCode, 137);
      assert.equal(ended.finishedAtNs - ended.startedAtNs >= 0.9e9, true);
      await removeSandbox(runtime, sandboxId);
    },
  },
  {
    name: "refuses a second container of the same attempt, an image that is not there, and a sandbox that is not there",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, config, sandbox } = await createContainer(subject, "refused", CONTRACT_SCRIPTS.sleeps);
      await assert.rejects(runtime.createContainer(sandboxId, config, sandbox), RuntimeError);
      const absent = { image: `sha256:${"0".repeat(64)}`, userSpecifiedImage: "absent" };
      const other = { ...config, metadata: { name: "other", attempt: 0 }, image: absent };
      await assert.rejects(runtime.createContainer(sandboxId, other, sandbox), RuntimeError);
      await assert.rejects(runtime.createContainer("absent", config, sandbox), RuntimeError);
      await removeSandbox(runtime, sandboxId);
    },
  },
  {
    name: "starts a container once only",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, containerId } = await startContainer(subject, "once", CONTRACT_SCRIPTS.sleeps);
      await assert.rejects(runtime.startContainer(containerId), RuntimeError);
      await assert.rejects(
        runtime.startContainer("absent"),
        (error: unknown) => error instanceof RuntimeError && error.code === "NOT_FOUND",
      );
      await removeSandbox(runtime, sandboxId);
    },
  },
  {
    name: "lists containers by sandbox and by label",
    async run(subject) {
      const { runtime } = subject;
      const first = await createContainer(subject, "containers-a", CONTRACT_SCRIPTS.sleeps);
      const second = await createContainer(subject, "containers-b", CONTRACT_SCRIPTS.sleeps);
      const bySandbox = await runtime.listContainers({ sandboxId: first.sandboxId });
      assert.deepEqual(
        bySandbox.map(({ id, podSandboxId, state, metadata }) => ({ id, podSandboxId, state, metadata })),
        [{ id: first.containerId, podSandboxId: first.sandboxId, state: "CONTAINER_CREATED", metadata: { name: "main", attempt: 0 } }],
      );
      const byLabel = await runtime.listContainers({ labels: { container: "containers-b" } });
      assert.deepEqual(
        byLabel.map(({ id }) => id),
        [second.containerId],
      );
      for (const { sandboxId } of [first, second]) await removeSandbox(runtime, sandboxId);
      assert.deepEqual(await runtime.listContainers({ sandboxId: first.sandboxId }), []);
    },
  },
  {
    name: "ends the containers of a sandbox with it",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, containerId } = await startContainer(subject, "together", CONTRACT_SCRIPTS.sleeps);
      await runtime.stopPodSandbox(sandboxId);
      assert.equal((await runtime.podSandboxStatus(sandboxId))?.state, "SANDBOX_NOTREADY");
      const ended = await untilExited(subject, containerId);
      assert.equal(ended.exitCode, 137);
      await runtime.removePodSandbox(sandboxId);
      assert.equal(await runtime.podSandboxStatus(sandboxId), undefined);
      assert.equal(await runtime.containerStatus(containerId), undefined);
    },
  },
  {
    name: "answers nothing for what is not there, and removes it without complaint",
    async run({ runtime }) {
      assert.equal(await runtime.podSandboxStatus("absent"), undefined);
      assert.equal(await runtime.containerStatus("absent"), undefined);
      assert.equal(await runtime.imageStatus(`sha256:${"0".repeat(64)}`), undefined);
      await runtime.stopContainer("absent", 0);
      await runtime.removeContainer("absent");
      await runtime.stopPodSandbox("absent");
      await runtime.removePodSandbox("absent");
    },
  },
  {
    name: "runs a command in a container and answers its output and exit code",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, containerId } = await startContainer(subject, "exec", CONTRACT_SCRIPTS.sleeps);
      const result = await subject.waitFor(runtime.execSync(containerId, CONTRACT_EXECS.answers, 10));
      assert.equal(result.exitCode, 7);
      assert.equal(new TextDecoder().decode(result.stdout), "hello\n");
      assert.equal(new TextDecoder().decode(result.stderr), "oops\n");
      await removeSandbox(runtime, sandboxId);
    },
  },
  {
    name: "gives up on a command after its time, and refuses one in a container that does not run",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, containerId } = await startContainer(subject, "exec-timeout", CONTRACT_SCRIPTS.sleeps);
      const isTimeout = (error: unknown): boolean => error instanceof RuntimeError && error.code === "DEADLINE_EXCEEDED";
      await assert.rejects(subject.waitFor(runtime.execSync(containerId, CONTRACT_EXECS.slow, 1)), isTimeout);
      await subject.waitFor(runtime.stopContainer(containerId, 5));
      await assert.rejects(runtime.execSync(containerId, CONTRACT_EXECS.answers, 1), RuntimeError);
      await removeSandbox(runtime, sandboxId);
    },
  },
  {
    name: "removes a container that runs",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, containerId } = await startContainer(subject, "remove-running", CONTRACT_SCRIPTS.sleeps);
      await runtime.removeContainer(containerId);
      assert.equal(await runtime.containerStatus(containerId), undefined);
      await removeSandbox(runtime, sandboxId);
    },
  },
  {
    name: "measures containers that run",
    async run(subject) {
      const { runtime } = subject;
      const { sandboxId, containerId } = await startContainer(subject, "stats", CONTRACT_SCRIPTS.sleeps);
      const stats = await runtime.containerStats(containerId);
      assert.equal(stats?.containerId, containerId);
      assert.equal(stats.timestampNs > 0, true);
      assert.deepEqual(stats.labels, { container: "stats" });
      assert.equal(
        (await runtime.listContainerStats()).some((each) => each.containerId === containerId),
        true,
      );
      await removeSandbox(runtime, sandboxId);
    },
  },
  {
    name: "knows its images by reference and by id",
    async run({ runtime, image }) {
      const byReference = await runtime.imageStatus(image);
      assert.match(byReference?.id ?? "", /^sha256:[0-9a-f]{64}$/);
      const byId = await runtime.imageStatus(byReference?.id ?? "");
      assert.equal(byId?.id, byReference?.id);
      assert.equal((byReference?.sizeBytes ?? 0) > 0, true);
      assert.equal(
        (await runtime.listImages()).some(({ id }) => id === byReference?.id),
        true,
      );
      assert.equal((await runtime.imageFsInfo()).length > 0, true);
    },
  },
  {
    name: "tells of each change of a container, in order, until it is no longer asked to",
    async run(subject) {
      const { runtime, hasEvents } = subject;
      const events: ContainerEvent[] = [];
      const abort = new AbortController();
      const stream = runtime.containerEvents((event) => events.push(event), abort.signal);
      if (!hasEvents) {
        await assert.rejects(stream, (error: unknown) => error instanceof RuntimeError && error.code === "UNIMPLEMENTED");
        return;
      }
      const { sandboxId, containerId } = await startContainer(subject, "events", CONTRACT_SCRIPTS.sleeps);
      await subject.waitFor(runtime.stopContainer(containerId, 5));
      await removeSandbox(runtime, sandboxId);
      const seen = (): readonly string[] => events.filter((event) => event.containerId === containerId).map(({ type }) => type);
      await subject.until(async () => seen().includes("CONTAINER_DELETED_EVENT"));
      assert.deepEqual(
        seen(),
        ["CREATED", "STARTED", "STOPPED", "DELETED"].map((change) => `CONTAINER_${change}_EVENT`),
      );
      abort.abort();
      await stream;
    },
  },
];

function sandboxConfig(subject: RuntimeContractSubject, name: string): PodSandboxConfig {
  return {
    metadata: { name, uid: `uid-${name}`, namespace: "contract", attempt: 0 },
    hostname: name,
    logDirectory: `${subject.logDirectory}/${name}`,
    portMappings: [],
    labels: { sandbox: name },
    annotations: { note: "kept as it is" },
    linux: {
      cgroupParent: subject.cgroupParent,
      namespaceOptions: { network: "POD", pid: "CONTAINER", ipc: "POD" },
      privileged: false,
      supplementalGroups: [],
      sysctls: {},
    },
  };
}

function containerConfig(image: string, id: string, name: string, script: string): ContainerConfig {
  return {
    metadata: { name: "main", attempt: 0 },
    image: { image: id, userSpecifiedImage: image },
    command: ["/bin/sh", "-c"],
    args: [script],
    workingDir: "",
    env: [],
    mounts: [],
    devices: [],
    labels: { container: name },
    annotations: {},
    logPath: "main/0.log",
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: {
      resources: {},
      namespaceOptions: { network: "POD", pid: "CONTAINER", ipc: "POD" },
      privileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      supplementalGroups: [],
      readonlyRootfs: false,
      noNewPrivileges: false,
      maskedPaths: [],
      readonlyPaths: [],
    },
  };
}

async function createContainer(
  subject: RuntimeContractSubject,
  name: string,
  script: string,
): Promise<{ sandboxId: string; containerId: string; config: ContainerConfig; sandbox: PodSandboxConfig }> {
  const { runtime, image } = subject;
  const { id = "" } = (await runtime.imageStatus(image)) ?? {};
  const sandbox = sandboxConfig(subject, name);
  const sandboxId = await runtime.runPodSandbox(sandbox);
  const config = containerConfig(image, id, name, script);
  return { sandboxId, containerId: await runtime.createContainer(sandboxId, config, sandbox), config, sandbox };
}

async function startContainer(
  subject: RuntimeContractSubject,
  name: string,
  script: string,
): Promise<{ sandboxId: string; containerId: string }> {
  const { sandboxId, containerId } = await createContainer(subject, name, script);
  await subject.waitFor(subject.runtime.startContainer(containerId));
  const status = await statusOf(subject.runtime, containerId);
  assert.equal(status.state, "CONTAINER_RUNNING");
  // Before the shell has set its trap, process 1 would ignore the stop signal.
  await subject.until(async () => (await subject.readLog(status.logPath)).includes("ready"));
  return { sandboxId, containerId };
}

async function statusOf(runtime: ContainerRuntime, containerId: string): Promise<ContainerStatus> {
  const status = await runtime.containerStatus(containerId);
  assert.ok(status);
  return status;
}

async function untilExited(subject: RuntimeContractSubject, containerId: string): Promise<ContainerStatus> {
  await subject.until(async () => (await statusOf(subject.runtime, containerId)).state === "CONTAINER_EXITED");
  return statusOf(subject.runtime, containerId);
}

async function removeSandbox(runtime: ContainerRuntime, id: string): Promise<void> {
  await runtime.stopPodSandbox(id);
  await runtime.removePodSandbox(id);
}

import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, formatLogEntry, type Host, systemClock, systemRandom } from "@skiff/base";
import { renderCniConfigList } from "@skiff/cni";
import {
  cleanUpContainerd,
  type ContainerdOptions,
  ContainerdImages,
  ContainerdSupervisor,
  CriRuntime,
  detectSnapshotter,
  imageArchitecture,
  mayLowerOomScore,
  nodeHostFiles,
  NodeProcessSpawner,
  type OciImage,
  openGrpcChannel,
  PAUSE_IMAGE,
  pauseImage,
  type RegistryMirror,
  removeAllSandboxes,
  removeControlGroups,
  writeOciArchive,
} from "@skiff/cri";

/** A containerd of its own for one test file: its directories, network and images, and nothing of it left afterwards. */
export class TestContainerd {
  readonly directory: string;
  readonly runtime: CriRuntime;
  readonly supervisor: ContainerdSupervisor;
  readonly images: ContainerdImages;
  readonly options: ContainerdOptions;
  readonly bridge: string;

  private constructor(parts: Pick<TestContainerd, "directory" | "runtime" | "supervisor" | "images" | "options" | "bridge">) {
    this.directory = parts.directory;
    this.runtime = parts.runtime;
    this.supervisor = parts.supervisor;
    this.images = parts.images;
    this.options = parts.options;
    this.bridge = parts.bridge;
  }

  /** The control group of its Pods. */
  get cgroupParent(): string {
    return `/${this.bridge}`;
  }

  /** `bridge` must be nobody else's on this machine. The pause image and `images` are there when it resolves. */
  static async start(
    bridge: string,
    podCidr: string,
    images: readonly OciImage[],
    registryMirrors: readonly RegistryMirror[] = [],
  ): Promise<TestContainerd> {
    const directory = await mkdtemp(join(tmpdir(), "skiff-e2e-"));
    const spawner = new NodeProcessSpawner(systemClock);
    const options: ContainerdOptions = {
      rootDirectory: `${directory}/root`,
      stateDirectory: `${directory}/state`,
      socketPath: `${directory}/containerd.sock`,
      sandboxImage: PAUSE_IMAGE,
      cniConfigDirectory: `${directory}/cni`,
      cniBinDirectory: "/usr/lib/cni",
      registryConfigDirectory: `${directory}/certs.d`,
      snapshotter: await detectSnapshotter(nodeHostFiles, spawner, directory),
      cgroupDriver: "cgroupfs",
      restrictOomScoreAdj: !(await mayLowerOomScore(nodeHostFiles)),
    };
    const config = renderCniConfigList({ name: `e2e-${bridge}`, bridge, podCidr, ipamDirectory: `${directory}/ipam` });
    await nodeHostFiles.writeFile(`${options.cniConfigDirectory}/10-skiff.conflist`, config);
    const runtime = new CriRuntime(openGrpcChannel(options.socketPath));
    const supervisor = new ContainerdSupervisor(e2eHost(), {
      containerd: options,
      registryMirrors,
      directory: `${directory}/containerd`,
      spawner,
      files: nodeHostFiles,
      ping: () => runtime.version(),
    });
    const store = new ContainerdImages({
      runtime,
      spawner,
      clock: systemClock,
      socketPath: options.socketPath,
      snapshotter: options.snapshotter,
    });
    const containerd = new TestContainerd({ directory, runtime, supervisor, images: store, options, bridge });
    await supervisor.start();
    await containerd.load([pauseImage(imageArchitecture(process.arch)), ...images]);
    return containerd;
  }

  async load(images: readonly OciImage[]): Promise<readonly string[]> {
    const file = `${this.directory}/images.tar`;
    writeFileSync(file, Buffer.concat([...writeOciArchive(images)]));
    try {
      return await this.images.load(file);
    } finally {
      await rm(file);
    }
  }

  /** Removes everything. With `clean` false it does so the hard way, as when containerd is not there any more. */
  async remove(clean = true, supervisor = this.supervisor): Promise<void> {
    const spawner = new NodeProcessSpawner(systemClock);
    if (clean) await removeAllSandboxes(this.runtime);
    await supervisor.stop();
    await this.runtime.close();
    await cleanUpContainerd({ clock: systemClock, spawner, files: nodeHostFiles }, this.options);
    await removeControlGroups({ spawner, files: nodeHostFiles }, this.cgroupParent);
    await spawner.run("ip", ["link", "del", this.bridge], { timeoutMs: 10_000 });
    await rm(this.directory, { recursive: true });
  }
}

/** The host of end-to-end tests: real time; warnings and errors on the error stream. */
export function e2eHost(): Host {
  const write = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  return {
    clock: systemClock,
    random: systemRandom,
    log: createLogger(systemClock, (entry) => write(formatLogEntry(entry)), "warn"),
  };
}

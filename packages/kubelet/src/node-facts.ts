/** What the machine is: fixed while it runs. */
export interface MachineInfo {
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  /** For example `Debian GNU/Linux 12 (bookworm)`. */
  readonly osImage: string;
  /** As Go names them: `linux`; `amd64`, `arm64`, … */
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly cpuCount: number;
  readonly memoryBytes: number;
}

/** How full the machine is now. */
export interface MachineUsage {
  readonly memoryAvailableBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly cpuUsageNs: number;
  /** Of the file system that holds the kubelet's files. */
  readonly fsCapacityBytes: number;
  readonly fsAvailableBytes: number;
  readonly fsInodes: number;
  readonly fsInodesFree: number;
  readonly pidsMax: number;
  readonly pidsRunning: number;
}

/** Facts about the machine that the kubelet runs on. */
export interface NodeFacts {
  machine(): Promise<MachineInfo>;
  usage(): Promise<MachineUsage>;
  /** The host's `/etc/resolv.conf`, for Pods with `dnsPolicy: Default` and for the names that the cluster does not know. */
  resolvConf(): Promise<string>;
  /** The host's `/etc/hosts`, for Pods on the host's network. */
  hostsFile(): Promise<string>;
}

/** Facts of a simulated node. The defaults are a machine with 4 CPUs and 16 GiB. */
export function simulatedNodeFacts(machine: Partial<MachineInfo> = {}, usage: Partial<MachineUsage> = {}): NodeFacts {
  const info: MachineInfo = {
    machineId: "5b1d8c1e0f6a4a5e9a3d0c7b2e4f6a81",
    systemUuid: "5b1d8c1e-0f6a-4a5e-9a3d-0c7b2e4f6a81",
    bootId: "0e7c1f52-8a0f-4a0b-9a37-1d6a4c5b7e90",
    kernelVersion: "6.1.0",
    osImage: "Skiff simulated node",
    operatingSystem: "linux",
    architecture: "amd64",
    cpuCount: 4,
    memoryBytes: 16 * 2 ** 30,
    ...machine,
  };
  const now: MachineUsage = {
    memoryAvailableBytes: info.memoryBytes / 2,
    memoryWorkingSetBytes: info.memoryBytes / 2,
    cpuUsageNs: 0,
    fsCapacityBytes: 100 * 2 ** 30,
    fsAvailableBytes: 80 * 2 ** 30,
    fsInodes: 6_553_600,
    fsInodesFree: 6_000_000,
    pidsMax: 32_768,
    pidsRunning: 200,
    ...usage,
  };
  return {
    machine: async () => info,
    usage: async () => now,
    resolvConf: async () => "nameserver 192.0.2.53\n",
    hostsFile: async () => "127.0.0.1\tlocalhost\n",
  };
}

import { describe, expect, it } from "vitest";
import { type ContainerdOptions, renderContainerdConfig } from "./containerd-config.ts";

const OPTIONS: ContainerdOptions = {
  rootDirectory: "/data/root",
  stateDirectory: "/run/skiff/state",
  socketPath: "/run/skiff/containerd.sock",
  sandboxImage: "skiff.local/pause:1",
  cniConfigDirectory: "/data/cni",
  cniBinDirectory: "/usr/lib/cni",
  registryConfigDirectory: "/data/certs.d",
  snapshotter: "overlayfs",
  cgroupDriver: "cgroupfs",
  restrictOomScoreAdj: true,
};

describe("renderContainerdConfig", () => {
  it("renders the whole file", () => {
    expect(renderContainerdConfig(OPTIONS)).toMatchInlineSnapshot(`
      "version = 2
      root = "/data/root"
      state = "/run/skiff/state"
      disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
      oom_score = 0

      [grpc]
      address = "/run/skiff/containerd.sock"
      uid = 0
      gid = 0

      [debug]
      level = "warn"

      [plugins."io.containerd.grpc.v1.cri"]
      sandbox_image = "skiff.local/pause:1"
      restrict_oom_score_adj = true
      stream_server_address = "127.0.0.1"
      stream_server_port = "0"
      netns_mounts_under_state_dir = true
      enable_unprivileged_ports = true
      enable_unprivileged_icmp = true

      [plugins."io.containerd.grpc.v1.cri".containerd]
      snapshotter = "overlayfs"
      default_runtime_name = "runc"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
      Root = "/run/skiff/state/runc"

      [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/data/cni"
      max_conf_num = 1

      [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/data/certs.d"
      "
    `);
  });

  it("follows the options", () => {
    const text = renderContainerdConfig({
      ...OPTIONS,
      snapshotter: "native",
      cgroupDriver: "systemd",
      restrictOomScoreAdj: false,
      runcBinary: '/opt/with "quotes"/runc',
      logLevel: "debug",
    });
    expect(text).toContain('snapshotter = "native"');
    expect(text).toContain("SystemdCgroup = true");
    expect(text).toContain("restrict_oom_score_adj = false");
    expect(text).toContain('BinaryName = "/opt/with \\"quotes\\"/runc"');
    expect(text).toContain('level = "debug"');
  });

  it("refuses a socket whose name the kernel would not take", () => {
    expect(() => renderContainerdConfig({ ...OPTIONS, socketPath: `/${"x".repeat(100)}` })).toThrow(RangeError);
  });
});

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@skiff/base";
import { createLayer, imageArchitecture, NodeProcessSpawner, type OciImage, type OciImageConfig, pauseImage } from "@skiff/cri";
import { busyboxImage, DebianImageBuilder, type DebianImageRecipe, type ImageVariant, NGINX, writeImageArchive } from "@skiff/e2e";
import { upstreamSource, type Tools } from "./tools.ts";

const E2E = "registry.k8s.io/e2e-test-images";
const ARCHITECTURE = imageArchitecture(process.arch);

/** What upstream's image of test programs has beside its own program: the tools that its tests call in it. */
const AGNHOST_PACKAGES = [
  "base-files",
  "bash",
  "bind9-dnsutils",
  "busybox-static",
  "coreutils",
  "curl",
  "dash",
  "grep",
  "hostname",
  "iproute2",
  "libc-bin",
  "mount",
  "netcat-openbsd",
  "procps",
  "sed",
  "util-linux",
];

/** Debian's packages make some of these when their scripts are run; the others are busybox's in upstream's image, too. */
const AGNHOST_LINKS = {
  "/usr/bin/nc": "/bin/nc.openbsd",
  "/usr/bin/wget": "/bin/busybox",
  "/usr/bin/which": "/bin/busybox",
  "/usr/bin/vi": "/bin/busybox",
};

/** Writes the images that the suite's Pods use, under upstream's names, and answers their archives. */
export async function buildStandInImages(tools: Tools): Promise<string[]> {
  const builder = new DebianImageBuilder({ spawner: new NodeProcessSpawner(systemClock) });
  const archives: string[] = [];
  for (const recipe of debianRecipes(tools)) archives.push(await builder.build(recipe));
  return [...archives, await writeImageArchive("conformance", plainImages(tools))];
}

function debianRecipes({ agnhost }: Tools): DebianImageRecipe[] {
  const sources = join(upstreamSource(), "test/images");
  // A label, for an image with another tag is another image.
  const agnhostConfig = (tag: string, cmd = "pause"): OciImageConfig => ({
    entrypoint: ["/agnhost"],
    cmd: [cmd],
    exposedPorts: ["80/tcp", "8080/tcp", "8081/tcp", "9376/tcp", "5000/tcp"],
    labels: { tag },
  });
  const pet = (name: string): ImageVariant => ({
    references: [`${E2E}/${name}:1.8`],
    files: [
      ...["data.json", `${name}.jpg`].map((file) => ({ path: `/${file}`, content: { copyOf: join(sources, name, "html", file) } })),
      // What upstream's image is made from, for whoever reads it as a volume.
      { path: "/etc/os-release", content: 'NAME="Alpine Linux"\nID=alpine\nPRETTY_NAME="Alpine Linux (stand-in)"\n' },
    ],
    config: agnhostConfig(`${name}-1.8`, "test-webserver"),
  });
  const nginxConfig = (tag: string): OciImageConfig => ({ ...NGINX.config, labels: { tag } });
  return [
    {
      name: "e2e-agnhost",
      references: [`${E2E}/agnhost:2.63.0`],
      packages: AGNHOST_PACKAGES,
      users: [{ name: "user-defined-in-image", uid: 1000, home: "/home/user-defined-in-image" }],
      groups: [{ name: "group-defined-in-image", gid: 50_000, members: ["user-defined-in-image"] }],
      directories: [{ path: "/uploads" }],
      files: [
        { path: "/agnhost", content: { copyOf: agnhost }, mode: 0o755 },
        ...["crt", "key"].map((kind) => ({
          path: `/localhost.${kind}`,
          content: { copyOf: join(sources, `agnhost/porter/localhost.${kind}`) },
        })),
      ],
      links: { "/agnhost-2": "agnhost", ...AGNHOST_LINKS },
      config: agnhostConfig("2.63.0"),
      variants: [{ references: [`${E2E}/agnhost:2.55`], config: agnhostConfig("2.55") }, pet("kitten"), pet("nautilus")],
    },
    {
      ...NGINX,
      name: "e2e-nginx",
      references: [`${E2E}/nginx:1.27-0`],
      config: nginxConfig("1.27-0"),
      variants: [{ references: [`${E2E}/nginx:1.15-4`], config: nginxConfig("1.15-4") }],
    },
    {
      name: "e2e-busybox",
      references: [`${E2E}/busybox:1.37.0-1`],
      packages: ["bash-static", "busybox-static"],
      // Upstream's busybox is newer: its shell passes on variables whose names are no names in a shell. Of Debian's shells bash
      // does that, so it is the one that `PATH` finds; errors are worded as busybox words them by the one at its usual place.
      links: { ...busyboxLinks(), "/usr/local/bin/sh": "/bin/bash-static" },
      config: { cmd: ["sh"] },
    },
    {
      name: "e2e-glibc-dns-testing",
      references: [`${E2E}/glibc-dns-testing:2.0.0`],
      packages: ["base-files", "bash", "bind9-dnsutils", "coreutils", "dash", "gawk", "grep", "hostname", "libc-bin", "sed"],
      links: { "/usr/bin/awk": "gawk" },
      config: { cmd: ["bash"] },
    },
  ];
}

/** A link for each applet, in `/usr/bin`, which is `/bin`, too: a layer must not go by way of another one's links. */
function busyboxLinks(): Record<string, string> {
  const applets = execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).trim().split("\n");
  return Object.fromEntries(applets.filter((name) => name !== "busybox").map((name) => [`/usr/bin/${name}`, "/bin/busybox"]));
}

function plainImages(tools: Tools): OciImage[] {
  const oneProgram = (name: string, path: string, program: string, entrypoint: readonly string[]): OciImage => ({
    references: [name],
    architecture: ARCHITECTURE,
    layers: [createLayer([{ path, type: "file", mode: 0o755, content: readFileSync(program) }])],
    config: { entrypoint },
  });
  const nonewprivs = busyboxImage([`${E2E}/nonewprivs:1.4`], { cmd: ["nnp"] });
  // Set-user-ID: what the tests are about is whether that has an effect.
  const nnp = createLayer([
    { path: "usr/local/bin", type: "directory" },
    { path: "usr/local/bin/nnp", type: "file", mode: 0o6755, content: readFileSync(tools.nnp) },
  ]);
  return [
    busyboxImage([`${E2E}/nonroot:1.5`], { user: "1234" }),
    { ...nonewprivs, layers: [...nonewprivs.layers, nnp] },
    { ...pauseImage(ARCHITECTURE), references: ["registry.k8s.io/pause:3.10.2"] },
    oneProgram(`${E2E}/sample-apiserver:1.29.2`, "sample-apiserver", tools["sample-apiserver"], ["/sample-apiserver"]),
    oneProgram("registry.k8s.io/etcd:3.6.8-0", "usr/local/bin/etcd", tools.etcd, []),
  ];
}

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createLayer, imageArchitecture, type OciImage, type OciImageConfig, type TarEntry } from "@skiff/cri";
import { writeImageArchive } from "./image-cache.ts";

/** Debian's busybox-static puts it here. */
const BUSYBOX = "/bin/busybox";

/** A busybox image from the busybox of this machine. Errors: those of {@link busyboxEntries}. */
export function busyboxImage(references: readonly string[], config: OciImageConfig = {}): OciImage {
  const layer = createLayer(busyboxEntries());
  return { references, architecture: imageArchitecture(process.arch), layers: [layer], config: { cmd: ["sh"], ...config } };
}

/**
 * What is in a busybox image: the program, a link for each of its applets, and the files that users and names are looked
 * up in.
 *
 * Errors: throws an `Error` when busybox is missing or is linked to libraries that the image would not have.
 */
export function busyboxEntries(): TarEntry[] {
  const program = readFileSync(BUSYBOX);
  const applets = execFileSync(BUSYBOX, ["--list-full"], { encoding: "utf8" }).trim().split("\n");
  // The path of the program interpreter is the mark of a program that needs shared libraries.
  if (program.subarray(0, 4096).includes("ld-linux")) throw new Error(`${BUSYBOX} is not static; install busybox-static`);
  const directories = ["bin", "dev", "etc", "home", "proc", "root", "sbin", "sys", "usr", "usr/bin", "usr/sbin", "var"];
  return [
    ...directories.map((path): TarEntry => ({ path, type: "directory" })),
    { path: "tmp", type: "directory", mode: 0o1777 },
    { path: "bin/busybox", type: "file", mode: 0o755, content: program },
    ...applets
      .filter((path) => path !== "bin/busybox" && directories.includes(path.slice(0, path.lastIndexOf("/"))))
      .map((path): TarEntry => ({ path, type: "symlink", linkTarget: "/bin/busybox" })),
    textFile("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n"),
    textFile("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    textFile("etc/nsswitch.conf", "hosts: files dns\n"),
  ];
}

/** The tags of busybox that tutorials use. */
const REFERENCES = ["busybox:latest", "busybox:1.28", "busybox:1.35", "busybox:1.36", "busybox:glibc"];

/** Writes the busybox image as an archive and answers its file. */
export function buildBusyboxArchive(): Promise<string> {
  return writeImageArchive("busybox", [busyboxImage(REFERENCES)]);
}

function textFile(path: string, text: string): TarEntry {
  return { path, type: "file", content: Buffer.from(text) };
}

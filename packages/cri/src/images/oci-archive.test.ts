import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createLayer, type OciImage, writeOciArchive } from "./oci-archive.ts";
import { pauseImage, pauseProgram } from "./pause-image.ts";
import { type TarEntry, writeTar } from "./tar.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The entries of an archive, read by the rules of POSIX: extended headers replace the names that follow them. */
function readTar(
  archive: Uint8Array,
): { readonly path: string; readonly type: string; readonly mode: number; readonly link: string; readonly content: Buffer }[] {
  const bytes = Buffer.from(archive);
  const entries = [];
  let extended: Record<string, string> = {};
  for (let at = 0; bytes[at] !== 0;) {
    const text = (from: number, length: number): string => bytes.toString("utf8", at + from, at + from + length).replace(/\0.*$/s, "");
    const header = bytes.subarray(at, at + 512);
    const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
    expect(Number.parseInt(text(148, 8), 8)).toBe(sum);
    const size = Number.parseInt(text(124, 12), 8);
    const content = bytes.subarray(at + 512, at + 512 + size);
    const type = text(156, 1);
    const [name, mode, link] = [text(0, 100), Number.parseInt(text(100, 8), 8), text(157, 100)];
    at += 512 + Math.ceil(size / 512) * 512;
    if (type === "x") {
      extended = Object.fromEntries([...content.toString("utf8").matchAll(/\d+ ([^=]+)=(.*)\n/g)].map(([, key, value]) => [key, value]));
      const lengths = [...content.toString("utf8").matchAll(/(\d+) [^\n]*\n/g)];
      for (const [record, length] of lengths) expect(Buffer.byteLength(record)).toBe(Number(length));
    } else {
      entries.push({ path: extended["path"] ?? name, type, mode, link: extended["linkpath"] ?? link, content });
      extended = {};
    }
  }
  return entries;
}

function archiveOf(entries: readonly TarEntry[]): Uint8Array {
  return Buffer.concat([...writeTar(entries)]);
}

describe("writeTar", () => {
  it("writes files, directories and links, with names longer than a header holds", () => {
    const long = `${"directory/".repeat(12)}fïle`;
    const entries = readTar(
      archiveOf([
        { path: "d", type: "directory" },
        { path: "f", type: "file", mode: 0o4755, content: () => Buffer.from("hello") },
        { path: long, type: "file" },
        { path: "l", type: "symlink", linkTarget: `/${long}` },
      ]),
    );
    expect(entries.map(({ path, type, mode, link, content }) => [path, type, mode, link, content.toString()])).toEqual([
      ["d/", "5", 0o755, "", ""],
      ["f", "0", 0o4755, "", "hello"],
      [long, "0", 0o644, "", ""],
      ["l", "2", 0o777, `/${long}`, ""],
    ]);
  });

  it("fills whole blocks and ends with two empty ones", () => {
    expect(archiveOf([{ path: "f", type: "file", content: new Uint8Array(513) }])).toHaveLength(512 + 1024 + 1024);
  });
});

describe("writeOciArchive", () => {
  const layer = createLayer([{ path: "f", type: "file", content: Buffer.from("x") }]);
  const image: OciImage = {
    references: ["app", "registry.example/app:2"],
    architecture: "amd64",
    layers: [layer],
    config: { entrypoint: ["/app"], exposedPorts: ["80/tcp"], user: "5" },
  };
  const files = new Map(readTar(Buffer.concat([...writeOciArchive([image])])).map(({ path, content }) => [path, content]));
  const json = (path: string): unknown => JSON.parse(files.get(path)?.toString() ?? "null") as unknown;

  it("names every blob by its hash, and refers to them with their sizes", () => {
    const blobs = [...files].filter(([path]) => path.startsWith("blobs/sha256/") && !path.endsWith("/"));
    expect(blobs).toHaveLength(3);
    for (const [path, content] of blobs) expect(path).toBe(`blobs/sha256/${sha256(content)}`);
    const index = json("index.json") as { manifests: { digest: string; size: number; annotations: Record<string, string> }[] };
    expect(index.manifests.map(({ annotations }) => annotations["io.containerd.image.name"])).toEqual([
      "docker.io/library/app:latest",
      "registry.example/app:2",
    ]);
    const [first] = index.manifests;
    const manifest = json(`blobs/${first?.digest.replace(":", "/")}`) as { config: { digest: string; size: number }; layers: unknown[] };
    expect(files.get(`blobs/${first?.digest.replace(":", "/")}`)).toHaveLength(first?.size ?? 0);
    expect(manifest.layers).toEqual([{ mediaType: layer.mediaType, digest: layer.digest, size: layer.blob.length }]);
    expect(json(`blobs/${manifest.config.digest.replace(":", "/")}`)).toMatchObject({
      architecture: "amd64",
      config: { Entrypoint: ["/app"], ExposedPorts: { "80/tcp": {} }, User: "5" },
      rootfs: { diff_ids: [layer.diffId] },
    });
  });

  it("identifies a layer by what is in it, however it is compressed", () => {
    expect(layer.diffId).toBe(`sha256:${sha256(gunzipSync(layer.blob))}`);
    expect(createLayer([{ path: "f", type: "file", content: Buffer.from("x") }], "none").diffId).toBe(layer.diffId);
  });

  it("gives the same bytes each time", () => {
    expect(sha256(Buffer.concat([...writeOciArchive([image])]))).toBe(sha256(Buffer.concat([...writeOciArchive([image])])));
  });
});

describe("the pause image", () => {
  it.each([
    ["amd64", 0x3e],
    ["arm64", 0xb7],
  ])("holds an executable for %s", (architecture, machine) => {
    const program = Buffer.from(pauseProgram(architecture));
    expect(program.toString("latin1", 1, 4)).toBe("ELF");
    expect(program.readUInt16LE(18)).toBe(machine);
    // It starts right after the headers, and the one segment is the whole file.
    expect(program.readBigUInt64LE(24) - program.readBigUInt64LE(80)).toBe(120n);
    expect(program.readBigUInt64LE(96)).toBe(BigInt(program.length));
    expect(pauseImage(architecture).config.entrypoint).toEqual(["/pause"]);
  });

  it("says that it has none for another machine", () => {
    expect(() => pauseImage("mips")).toThrow("no pause program for mips");
  });
});

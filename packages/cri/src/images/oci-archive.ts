import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { canonicalReference } from "@skiff/kubelet";
import { type TarEntry, writeTar } from "./tar.ts";

/** A layer, ready to be put into images. */
export interface OciLayer {
  readonly mediaType: string;
  /** As stored: compressed or not. */
  readonly blob: Uint8Array;
  /** `sha256:` and the hash of the blob. */
  readonly digest: string;
  /** `sha256:` and the hash of the uncompressed tar. */
  readonly diffId: string;
}

/** What an image says about how its containers run. Fields are those of the OCI image configuration. */
export interface OciImageConfig {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** `NAME=value`. */
  readonly env?: readonly string[];
  readonly workingDir?: string;
  /** `uid`, `uid:gid` or a name. */
  readonly user?: string;
  /** For example `80/tcp`. */
  readonly exposedPorts?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** For example `SIGQUIT`. */
  readonly stopSignal?: string;
}

/** An image and the names it is known by. */
export interface OciImage {
  /** Short names are completed as users expect: `nginx` is `docker.io/library/nginx:latest`. */
  readonly references: readonly string[];
  /** As Go names it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly layers: readonly OciLayer[];
  readonly config: OciImageConfig;
}

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";

/** All times in images, so that the same content always has the same digest. */
const CREATED = "1970-01-01T00:00:00Z";

/** Makes a layer of `entries`. Compressed (the default) it is smaller; uncompressed it is made and unpacked faster. */
export function createLayer(entries: Iterable<TarEntry>, compression: "gzip" | "none" = "gzip"): OciLayer {
  const tar = Buffer.concat([...writeTar(entries)]);
  const diffId = digestOf(tar);
  if (compression === "none") return { mediaType: LAYER_TYPE, blob: tar, digest: diffId, diffId };
  const blob = gzipSync(tar);
  return { mediaType: `${LAYER_TYPE}+gzip`, blob, digest: digestOf(blob), diffId };
}

/**
 * Writes images as one OCI image layout in a tar archive, with the `manifest.json` of `docker save` beside it:
 * containerd, Podman and Docker all load it.
 */
export function* writeOciArchive(images: readonly OciImage[]): Generator<Uint8Array> {
  const built = images.map(buildManifest);
  const blobs = new Map<string, Uint8Array>();
  for (const [index, { manifest, config }] of built.entries()) {
    blobs.set(digestOf(manifest), manifest);
    blobs.set(digestOf(config), config);
    for (const layer of images[index]?.layers ?? []) blobs.set(layer.digest, layer.blob);
  }
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: built.flatMap(({ image, manifest }) =>
      image.references.map(canonicalReference).map((reference) => ({
        mediaType: MANIFEST_TYPE,
        digest: digestOf(manifest),
        size: manifest.length,
        platform: { architecture: image.architecture, os: "linux" },
        annotations: { "io.containerd.image.name": reference, "org.opencontainers.image.ref.name": tagOf(reference) },
      })),
    ),
  };
  const dockerManifest = built.map(({ image, config }) => ({
    Config: blobPath(digestOf(config)),
    RepoTags: image.references.map(canonicalReference).filter((reference) => !reference.includes("@")),
    Layers: image.layers.map(({ digest }) => blobPath(digest)),
  }));
  const entries: TarEntry[] = [
    { path: "oci-layout", type: "file", content: json({ imageLayoutVersion: "1.0.0" }) },
    { path: "blobs", type: "directory" },
    { path: "blobs/sha256", type: "directory" },
    ...[...blobs]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([digest, content]) => ({ path: blobPath(digest), type: "file" as const, content })),
    { path: "index.json", type: "file", content: json(index) },
    { path: "manifest.json", type: "file", content: json(dockerManifest) },
  ];
  yield* writeTar(entries);
}

function buildManifest(image: OciImage): { readonly image: OciImage; readonly manifest: Uint8Array; readonly config: Uint8Array } {
  const { config: wanted, layers } = image;
  const config = json({
    created: CREATED,
    architecture: image.architecture,
    os: "linux",
    config: {
      User: wanted.user,
      ExposedPorts: wanted.exposedPorts && Object.fromEntries(wanted.exposedPorts.map((port) => [port, {}])),
      Env: wanted.env ?? ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Entrypoint: wanted.entrypoint,
      Cmd: wanted.cmd,
      WorkingDir: wanted.workingDir,
      Labels: wanted.labels,
      StopSignal: wanted.stopSignal,
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: CREATED, created_by: "skiff" })),
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: CONFIG_TYPE, digest: digestOf(config), size: config.length },
    layers: layers.map(({ mediaType, digest, blob }) => ({ mediaType, digest, size: blob.length })),
  });
  return { image, manifest, config };
}

function tagOf(reference: string): string {
  return reference.slice(reference.lastIndexOf(":") + 1);
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

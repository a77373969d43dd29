import { existsSync, readdirSync } from "node:fs";
import { cp, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { imageArchitecture, type ProcessSpawner } from "@skiff/cri";
import { cacheDirectory, DebianImageBuilder, type DebianImageRecipe } from "@skiff/e2e";
import { ENTRYPOINT } from "./entrypoint.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const HOME = "/usr/share/elasticsearch";

/** Fetching the parts from a slow mirror for the first time. */
const MAVEN_TIMEOUT_MS = 10 * 60_000;

/** The versions that the manifests name. */
export const ELASTICSEARCH_VERSIONS = ["6.3.2", "6.2.4"] as const;

/** Why the images cannot be built on this machine, or nothing. */
export function elasticsearchObstacle(): string | undefined {
  return existsSync("/usr/bin/mvn") ? undefined : "Maven, which fetches the parts of Elasticsearch, is not installed";
}

/**
 * Builds the image of one version without Docker and answers its archive, for `skiff image load`: the published parts of
 * the server, fetched by Maven, on Debian's Java. Both are kept in the cache.
 *
 * Errors: rejects with what Maven, apt or dpkg said.
 */
export async function buildElasticsearchImage(version: (typeof ELASTICSEARCH_VERSIONS)[number], spawner: ProcessSpawner): Promise<string> {
  return new DebianImageBuilder({ spawner }).build(recipe(version, await fetchServer(version, spawner)));
}

function recipe(version: string, server: string): DebianImageRecipe {
  const owned = { uid: 1000, gid: 1000 };
  return {
    name: `elasticsearch-${version}`,
    references: [`docker.elastic.co/elasticsearch/elasticsearch-oss:${version}`],
    packages: [
      "base-files",
      "bash",
      "coreutils",
      "curl",
      "dash",
      "grep",
      "hostname",
      "openjdk-17-jre-headless",
      "procps",
      "sed",
      "util-linux",
    ],
    users: [{ name: "elasticsearch", uid: 1000, home: HOME }],
    // The server writes its keystore beside its configuration.
    directories: [
      { path: HOME, ...owned },
      ...["config", "data", "lib", "logs", "modules", "modules/transport-netty4", "plugins"].map((name) => ({
        path: `${HOME}/${name}`,
        ...owned,
      })),
    ],
    files: [
      { path: "/usr/local/bin/docker-entrypoint.sh", mode: 0o755, content: ENTRYPOINT },
      ...copies(join(server, "lib"), `${HOME}/lib`),
      ...copies(join(server, "modules/transport-netty4"), `${HOME}/modules/transport-netty4`),
      ...copies(join(HERE, "config"), `${HOME}/config`),
    ],
    links: { "/usr/bin/java": `/usr/lib/jvm/java-17-openjdk-${imageArchitecture(process.arch)}/bin/java` },
    config: {
      entrypoint: ["/usr/local/bin/docker-entrypoint.sh"],
      cmd: ["eswrapper"],
      workingDir: HOME,
      exposedPorts: ["9200/tcp", "9300/tcp"],
      env: ["PATH=/usr/share/elasticsearch/bin:/usr/local/bin:/usr/bin:/bin", "ES_JAVA_OPTS=-Xms192m -Xmx192m"],
    },
  };
}

/** Every file of a folder of this machine. */
function copies(folder: string, path: string): { readonly path: string; readonly content: { readonly copyOf: string } }[] {
  return readdirSync(folder)
    .sort()
    .map((name) => ({ path: `${path}/${name}`, content: { copyOf: join(folder, name) } }));
}

/** The folder with `lib` and `modules` of a version. */
async function fetchServer(version: string, spawner: ProcessSpawner): Promise<string> {
  const folder = join(cacheDirectory(), `elasticsearch-${version}`);
  if (existsSync(folder)) return folder;
  const work = `${folder}.tmp-${process.pid}`;
  await mkdir(work, { recursive: true });
  try {
    const goals = ["compiler:compile", "jar:jar", "dependency:copy-dependencies@server", "dependency:copy-dependencies@transport"];
    const options = ["-q", "-B", "-f", join(HERE, "java/pom.xml"), `-Delasticsearch.version=${version}`, `-Doutput=${work}`];
    const { exitCode, stdout, stderr } = await spawner.run("mvn", [...options, ...goals], { timeoutMs: MAVEN_TIMEOUT_MS });
    if (exitCode !== 0) throw new Error(`mvn failed: ${(stdout || stderr).trim()}`);
    await rm(join(work, "build"), { recursive: true });
    const module = join(work, "modules/transport-netty4");
    await cp(join(HERE, "module"), module, { recursive: true });
    await writeFile(join(module, "plugin-descriptor.properties"), descriptor(version));
    await rename(work, folder);
    return folder;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What the server wants to know about a module before it loads it. */
function descriptor(version: string): string {
  return Object.entries({
    name: "transport-netty4",
    description: "Netty 4 based transport implementation",
    version,
    "elasticsearch.version": version,
    "java.version": "1.8",
    classname: "org.elasticsearch.transport.Netty4Plugin",
    "extended.plugins": "",
    "has.native.controller": "false",
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

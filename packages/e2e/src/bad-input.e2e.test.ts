import {
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@skiff/base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CommandResult, eventually, freeTcpPort, obstacle, PROGRAM, run, type RunOptions } from "./test-cluster.ts";

const why = obstacle();
const NAME = "e2e-bad";

/** Clusters of simulated nodes suffice: what goes wrong here goes wrong before, or beside, any container. */
describe.skipIf(why !== undefined)(`what people and machines get wrong${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let folder: string;
  let data: string;
  const skiff = (line: string, options?: RunOptions): Promise<CommandResult> =>
    run(process.execPath, [PROGRAM, ...line.split(" ")], { timeoutMs: 60_000, ...options });
  const up = (more = ""): Promise<CommandResult> =>
    skiff(`up --name ${NAME} --runtime simulated --data-dir ${data} --kubeconfig ${join(folder, "kubeconfig")} --wait 40s${more}`);
  const processes = async (): Promise<unknown[]> =>
    (JSON.parse((await skiff(`status --name ${NAME} -o json`)).stdout) as { processes: unknown[] }).processes;
  const kubectl = (line: string): Promise<CommandResult> =>
    run("kubectl", ["--kubeconfig", join(folder, "kubeconfig"), ...line.split(" ")], { timeoutMs: 30_000 });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "skiff-bad-"));
    data = join(folder, "data");
  });
  afterEach(async () => {
    await skiff(`delete --name ${NAME} --kubeconfig ${join(folder, "kubeconfig")}`);
    await run("umount", [data]);
    await rm(folder, { recursive: true, force: true });
  });

  it("says what real containers need: root, and packages; and makes nothing", async () => {
    await chmod(folder, 0o777);
    const home = { HOME: folder, XDG_DATA_HOME: "", XDG_RUNTIME_DIR: "" };
    const command = `up --runtime containerd --name ${NAME} --data-dir ${data}`;
    const asNobody = await run(process.execPath, [PROGRAM, ...command.split(" ")], { user: 65_534, environment: home });
    expect(asNobody.stderr + asNobody.stdout).toContain("Real containers need Linux and root.\nRun the command with sudo");
    expect(asNobody.code).toBe(1);
    expect(existsSync(data)).toBe(false);

    // A machine that has a package manager and nothing else.
    const bin = join(folder, "bin");
    await mkdir(bin);
    symlinkSync("/bin/true", join(bin, "apt-get"));
    symlinkSync("/usr/bin/flock", join(bin, "flock"));
    const bare = await skiff(command, { environment: { PATH: bin } });
    expect(bare.stderr).toMatch(/Real containers need .* not installed: .*containerd.*\.\nRun: apt-get update .*containerd.*--install/);
    expect(bare.code).toBe(1);
    expect(existsSync(data)).toBe(false);
  });

  it("refuses a kubeconfig that is none before it starts anything", async () => {
    writeFileSync(join(folder, "kubeconfig"), "{ half");
    const refused = await up();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(join(folder, "kubeconfig"));
    expect(existsSync(data)).toBe(false);
  });

  it("names the port that another program has taken while the cluster was down", async () => {
    const port = await freeTcpPort(31_480);
    expect((await up(` --api-port ${port}`)).code).toBe(0);
    await skiff(`down --name ${NAME}`);
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, resolve));
    const refused = await up();
    expect(refused.stderr).toContain(
      `Port ${port}, on which cluster ${NAME} serves its API, is in use by another program.\nEnd that program`,
    );
    expect(refused.code).toBe(1);
    expect(await processes()).toEqual([]);
    await new Promise((resolve) => squatter.close(resolve));
    expect((await up()).code).toBe(0);
  });

  it("starts nothing on a full disk, and works when there is space again", async () => {
    await tmpfs(data, "4m");
    const refused = await up();
    expect(refused.stderr).toMatch(
      /^The disk is full: .* has \d+ KiB left, and a cluster needs at least 8 MiB\.\nFree some space and run the command again\.$/m,
    );
    expect(refused.code).toBe(1);
    expect((await skiff(`status --name ${NAME}`)).stderr).toContain(`There is no cluster named ${NAME}.`);
    await run("mount", ["-o", "remount,size=40m", data]);
    expect((await up()).code).toBe(0);
  });

  it("refuses writes while the disk is full, reads on, and writes again without a restart", async () => {
    await tmpfs(data, "32m");
    expect((await up()).code).toBe(0);
    expect((await kubectl("create configmap before --from-literal=a=1")).code).toBe(0);
    const pid = await serverPid();
    writeFileSync(join(data, "filler"), "");
    await run("dd", ["if=/dev/zero", `of=${join(data, "filler")}`, "bs=4k"]);
    const big = join(folder, "big");
    writeFileSync(big, "x".repeat(500_000));
    let refusal = "";
    // What is free within the store's file is used up first.
    for (let index = 0; index < 20 && refusal === ""; index++)
      refusal = (await kubectl(`create configmap big-${index} --from-file=${big}`)).stderr;
    expect(refusal).toContain("cannot write to the store");
    const answer = await kubectl(`create configmap big --from-file=${big} -v=6`);
    expect(answer.stderr).toMatch(/POST .* 503 Service Unavailable/);
    expect((await kubectl("get configmap before -o jsonpath={.data.a}")).stdout).toBe("1");
    expect((await kubectl("get --raw /livez")).stdout).toBe("ok");

    await rm(join(data, "filler"));
    await eventually("a write", async () => (await kubectl("create configmap after --from-literal=a=1")).code === 0);
    expect(await serverPid()).toBe(pid);
    expect((await kubectl("get configmap before -o jsonpath={.data.a}")).stdout).toBe("1");
  });

  it("tells a damaged store from one that works, whatever the damage, and leaves nothing running", async () => {
    expect((await up()).code).toBe(0);
    for (let index = 0; index < 3; index++) await kubectl(`create configmap kept-${index} --from-literal=a=1`);
    await skiff(`down --name ${NAME}`);
    const store = join(data, "store", "store.lmdb");
    const sound = readFileSync(store);
    const random = seededRandom(7);
    const damages: [string, () => void][] = [
      ["cut in half", () => truncateSync(store, Math.floor(sound.length / 2 / 4096) * 4096)],
      ["of another kind", () => writeFileSync(store, "these are my notes\n".repeat(3000))],
      ["with flipped bits", () => flipBits(store, 400, () => random.next())],
    ];
    for (const [what, damage] of damages) {
      damage();
      const refused = await up();
      expect([what, refused.code]).toEqual([what, 1]);
      expect(refused.stderr).toMatch(
        /The API server (ended at once: The store (is damaged|cannot be (used|opened)): |crashes again and again)/,
      );
      expect(refused.stderr).toMatch(/skiff delete --name e2e-bad|Its log is /);
      expect(await processes()).toEqual([]);
      writeFileSync(store, sound);
    }
    expect((await up()).code).toBe(0);
    expect((await kubectl("get configmap kept-2 -o jsonpath={.data.a}")).stdout).toBe("1");
  });

  async function serverPid(): Promise<number | undefined> {
    return ((await processes()) as { role: string; pid: number }[]).find(({ role }) => role === "server")?.pid;
  }
});

async function tmpfs(folder: string, size: string): Promise<void> {
  await mkdir(folder);
  const { code, stderr } = await run("mount", ["-t", "tmpfs", "-o", `size=${size},mode=0700`, "tmpfs", folder]);
  if (code !== 0) throw new Error(stderr);
}

/** Flips `count` bits anywhere in the file. */
function flipBits(file: string, count: number, random: () => number): void {
  const handle = openSync(file, "r+");
  const { size } = statSync(file);
  const byte = Buffer.alloc(1);
  for (let flips = 0; flips < count; flips++) {
    const at = Math.floor(random() * size);
    readSync(handle, byte, 0, 1, at);
    byte[0]! ^= 1 << Math.floor(random() * 8);
    writeSync(handle, byte, 0, 1, at);
  }
  closeSync(handle);
}

import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "@skiff/base";
import { NodeProcessSpawner } from "@skiff/cri";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runPod } from "../run-pod.ts";
import { TestContainerd } from "../test-containerd.ts";
import { DebianImageBuilder } from "./debian-image.ts";
import { MYSQL, NGINX, REDIS } from "./recipes.ts";

const TEN_MINUTES_MS = 600_000;

describe("images from Debian packages", () => {
  let containerd: TestContainerd;
  const builder = new DebianImageBuilder({ spawner: new NodeProcessSpawner(systemClock) });

  beforeAll(async () => {
    containerd = await TestContainerd.start("skiff-e2e-i", "10.99.3.0/24", []);
  });

  afterAll(() => containerd.remove());

  it("serves nginx's page on port 80, logs to its output and has a shell", { timeout: TEN_MINUTES_MS }, async () => {
    expect(await containerd.images.load(await builder.build(NGINX))).toContain("docker.io/library/nginx:1.7.9");
    const { containerId, ip } = await runPod(containerd, { name: "nginx", image: "nginx:1.7.9" });
    const text = await untilAnswer(async () => (await fetch(`http://${ip}/`)).text());
    expect(text).toContain("Welcome to nginx!");
    const { logPath = "" } = (await containerd.runtime.containerStatus(containerId)) ?? {};
    expect(await readFile(logPath, "utf8")).toMatch(/stdout F .*"GET \/ HTTP\/1.1" 200/);
    const { stdout } = await containerd.runtime.execSync(containerId, ["sh", "-c", "id -un; ls /usr/share/nginx/html"], 5);
    expect(new TextDecoder().decode(stdout)).toBe("root\nindex.html\n");
    await containerd.runtime.stopContainer(containerId, 10);
    expect(await containerd.runtime.containerStatus(containerId)).toMatchObject({ exitCode: 0, reason: "Completed" });
  });

  it("answers redis clients", { timeout: TEN_MINUTES_MS }, async () => {
    await containerd.images.load(await builder.build(REDIS));
    const { containerId } = await runPod(containerd, { name: "redis", image: "redis" });
    const answer = await untilAnswer(() => output(containerId, ["redis-cli", "ping"]));
    expect(answer).toBe("PONG\n");
  });

  it("answers MySQL clients, with the database and the user of the environment", { timeout: TEN_MINUTES_MS }, async () => {
    await containerd.images.load(await builder.build(MYSQL));
    const env = { MYSQL_ROOT_PASSWORD: "it's secret", MYSQL_DATABASE: "shop", MYSQL_USER: "app", MYSQL_PASSWORD: "pw" };
    const { containerId, ip } = await runPod(containerd, { name: "mysql", image: "mysql:5.7", env });
    const query = ["mysql", "-h", ip, "-uapp", "-ppw", "shop", "-Ne", "SELECT DATABASE()"];
    expect(await untilAnswer(() => output(containerId, query))).toBe("shop\n");
  });

  async function output(containerId: string, command: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await containerd.runtime.execSync(containerId, command, 5);
    if (exitCode !== 0) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }
});

async function untilAnswer(ask: () => Promise<string>): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === 200) throw error;
      await delay(100);
    }
  }
}

import { expect, it } from "vitest";
import { testHost } from "@skiff/base/testing";
import type { Container, Pod } from "@skiff/api";
import type { ContainerRuntime, PodSandboxConfig } from "./container-runtime.ts";
import { ImageManager } from "./image-manager.ts";
import type { PodEvents } from "./pod-events.ts";

it.each(Array.from({ length: 12 }, (_, turns) => turns))(
  "pulls no more at once than allowed when somebody asks %i turns after a pull ended",
  async (turns) => {
    const host = testHost();
    let [underWay, most] = [0, 0];
    const endings: (() => void)[] = [];
    const runtime = {
      imageStatus: async () => undefined,
      async pullImage(name: string) {
        most = Math.max(most, ++underWay);
        await new Promise<void>((resolve) => endings.push(resolve));
        underWay--;
        return name;
      },
    } satisfies Pick<ContainerRuntime, "imageStatus" | "pullImage">;
    const events: PodEvents = { pod: () => {}, container: () => {}, node: () => {} };
    const images = new ImageManager({
      host,
      runtime: runtime as unknown as ContainerRuntime,
      sources: { secrets: { hold: () => {}, get: async () => undefined, onChange: () => () => {} } },
      events,
      maxParallelPulls: 1,
    });
    const ask = (name: string): Promise<unknown> => {
      const container: Container = { name, image: `example.com/${name}:1` };
      const pod: Pod = { metadata: { name, namespace: "default", uid: name }, spec: { containers: [container] } };
      return images.ensure(pod, container, {} as PodSandboxConfig, () => {});
    };
    await ask("one");
    await ask("two");
    await host.clock.settle();
    endings.shift()?.();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    await ask("three");
    await host.clock.settle();
    while (endings.length > 0) {
      endings.shift()?.();
      await host.clock.settle();
    }
    expect(most).toBe(1);
  },
);

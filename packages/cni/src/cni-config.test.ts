import { describe, expect, it } from "vitest";
import { bridgeName, renderCniConfigList } from "./cni-config.ts";

const OPTIONS = { name: "skiff-dev", bridge: "sk-dev-0abc", podCidr: "10.244.1.0/24", ipamDirectory: "/data/ipam" };

describe("renderCniConfigList", () => {
  it("renders the whole list", () => {
    expect(renderCniConfigList(OPTIONS)).toMatchInlineSnapshot(`
      "{
        "cniVersion": "1.0.0",
        "name": "skiff-dev",
        "plugins": [
          {
            "type": "bridge",
            "bridge": "sk-dev-0abc",
            "isGateway": true,
            "hairpinMode": true,
            "ipMasq": false,
            "ipam": {
              "type": "host-local",
              "dataDir": "/data/ipam",
              "ranges": [
                [
                  {
                    "subnet": "10.244.1.0/24"
                  }
                ]
              ],
              "routes": [
                {
                  "dst": "0.0.0.0/0"
                }
              ]
            }
          }
        ]
      }
      "
    `);
  });

  it("gives Pods an address and a default route of each family, and the MTU that is asked for", () => {
    const list = JSON.parse(renderCniConfigList({ ...OPTIONS, podCidr: "10.244.1.0/24,fd00:1::/64", mtu: 1450 })) as {
      readonly plugins: readonly { readonly mtu?: number; readonly ipam?: unknown }[];
    };
    expect(list.plugins[0]?.mtu).toBe(1450);
    expect(list.plugins[0]?.ipam).toMatchObject({
      ranges: [[{ subnet: "10.244.1.0/24" }], [{ subnet: "fd00:1::/64" }]],
      routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
    });
  });

  it("refuses a name that no network interface can have", () => {
    expect(() => renderCniConfigList({ ...OPTIONS, bridge: "sk-much-too-long" })).toThrow(RangeError);
  });
});

describe("bridgeName", () => {
  it("fits, and tells clusters and nodes apart", () => {
    const clusters = ["skiff", "a", "the-long-name-of-a-cluster-1", "the-long-name-of-a-cluster-2"];
    const names = clusters.flatMap((cluster) => ["node-0", "node-1"].map((node) => bridgeName(cluster, node)));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^sk-[a-z0-9]{1,7}-[a-z0-9]{4}$/);
  });
});

import { describe, expect, it } from "vitest";
import { renderRegistryHosts } from "./registry-hosts.ts";

describe("renderRegistryHosts", () => {
  it("renders a mirror of Docker Hub, one on this machine for everything else, and one of a registry with a port", () => {
    const files = renderRegistryHosts([
      { registry: "docker.io", endpoints: ["https://mirror.example/v2/hub", "http://localhost:5000"] },
      { registry: "*", endpoints: ["http://localhost:5000/"] },
      { registry: "registry.example:8443", endpoints: ["https://10.0.0.1:8443"], insecureSkipVerify: true },
    ]);
    expect(files.map(({ path, text }) => `# ${path}\n${text}`).join("")).toMatchInlineSnapshot(`
      "# docker.io/hosts.toml
      server = "https://registry-1.docker.io"

      [host."https://mirror.example/v2/hub"]
        capabilities = ["pull", "resolve"]

      [host."http://localhost:5000"]
        capabilities = ["pull", "resolve"]
      # _default/hosts.toml
      [host."http://localhost:5000"]
        capabilities = ["pull", "resolve"]
      # registry.example:8443/hosts.toml
      server = "https://registry.example:8443"

      [host."https://10.0.0.1:8443"]
        capabilities = ["pull", "resolve"]
        skip_verify = true
      "
    `);
  });

  it.each([
    [{ registry: "../evil", endpoints: [] }],
    [{ registry: "docker.io", endpoints: ["ftp://mirror.example"] }],
    [{ registry: "docker.io", endpoints: ["mirror"] }],
  ])("refuses %j", (mirror) => {
    expect(() => renderRegistryHosts([mirror])).toThrow();
  });
});

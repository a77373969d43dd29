import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { kubectlWrapper } from "./old-forms.ts";

const folder = mkdtempSync(join(tmpdir(), "skiff-old-forms-"));
afterAll(() => rmSync(folder, { recursive: true }));

const wrapper = join(folder, "kubectl");
writeFileSync(wrapper, kubectlWrapper({ kubectl: "/bin/echo", skiff: ["/bin/echo", "skiff"], notes: join(folder, "notes") }));
chmodSync(wrapper, 0o755);

describe("kubectlWrapper", () => {
  it.each([
    [["get", "pods"], "get pods"],
    [["run", "web", "--image=nginx", "--replicas=2"], "skiff kubectl run web --image=nginx --replicas=2"],
    [["run", "client", "--restart=Never", "--image=mysql"], "run client --restart=Never --image=mysql"],
    [["rolling-update", "receiver", "--rollback"], "skiff kubectl rolling-update receiver --rollback"],
  ])("%j", (args, expected) => {
    expect(execFileSync(wrapper, args, { encoding: "utf8" }).trim()).toBe(expected);
  });

  it("notes why an old form went to the other client", () => {
    expect(readFileSync(join(folder, "notes"), "utf8")).toContain("run made a Deployment until kubectl 1.18\n");
  });
});

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { browserObstacle, contrastOf, startBrowser } from "./test-browser.ts";
import { eventually, freeTcpPort, type BackgroundCommand, type Kubectl, obstacle, TestCluster } from "./test-cluster.ts";

const why = obstacle() ?? browserObstacle;
/** Where documents say that the dashboard is, behind `kubectl proxy`. */
const PROXY_PATH = "/api/v1/namespaces/kube-system/services/https:kubernetes-dashboard:/proxy/";

const TICKING = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ticking, annotations: {example.com/evil: "<img src=x onerror=window.harmed=true>"}}
spec:
  selector: {matchLabels: {app: ticking}}
  template:
    metadata: {labels: {app: ticking}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: clock, image: "busybox:1.36", command: [sh, -c, 'while :; do echo "tick <b>"; sleep 1; done']}]
`;

describe.skipIf(why !== undefined)(`the dashboard${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  let browser: Browser;
  const problems: string[] = [];

  const openPage = async (options: { javaScriptEnabled?: boolean; colorScheme?: "light" | "dark" } = {}): Promise<Page> => {
    const page = await (await browser.newContext(options)).newPage();
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    return page;
  };
  const menu = (page: Page, name: string): Promise<void> => page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
  const heading = (page: Page, name: string): Promise<void> => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  const replicas = (): Promise<string> => kubectl.ok("get deployment ticking -o jsonpath={.spec.replicas}");

  beforeAll(async () => {
    cluster = await TestCluster.start("e2e-dash");
    kubectl = cluster.kubectl();
    await kubectl.ok("apply -f -", { input: TICKING });
    await kubectl.ok("rollout status deployment/ticking --timeout=60s");
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await cluster?.remove();
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));

  describe("skiff dashboard", () => {
    let command: BackgroundCommand;
    let page: Page;
    let url = "";

    beforeAll(async () => {
      command = cluster.startSkiff(["dashboard", "--name", cluster.name, "--json"]);
      ({ url } = await eventually("the address", async () => JSON.parse(command.output) as { url: string }));
      page = await openPage();
      await page.goto(url);
    });

    it("lets one browser in, and ends in order", async () => {
      const other = await openPage();
      await other.goto(url);
      await heading(other, "This page is not open to everybody");
      expect((await other.goto(new URL("/", url).href))?.status()).toBe(404);
      expect(problems.splice(0)).toEqual([expect.stringContaining("403"), expect.stringContaining("404")]);
      const second = cluster.startSkiff(["dashboard", "--name", cluster.name, "--no-browser"]);
      await eventually("the address", async () => second.output.includes("http://127.0.0.1:"));
      expect(await second.stop("SIGINT")).toBe(0);
    });

    it("has a page of workloads, which keyboards and readers can use", async () => {
      await page.locator('[data-workload="deployments.apps"]', { hasText: "Ready" }).waitFor();
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
      const unnamed =
        "[...document.querySelectorAll('input:not([type=hidden]), select')].filter((each) => each.labels.length === 0).length";
      expect(await page.evaluate(unnamed)).toBe(0);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        for (const selector of ["h1", "thead th", "tbody a", "nav a", "nav h2", ".state.good", ".user", "button"])
          expect(await contrastOf(page, selector), `${selector}, ${colorScheme}`).toBeGreaterThan(4.5);
      }
    });

    it("changes by itself when the cluster does", async () => {
      await menu(page, "Pods");
      await page.locator("html[data-watching]").waitFor();
      await page.evaluate("window.isSamePage = true");
      await kubectl.ok("scale deployment/ticking --replicas=2");
      await page.locator('table[data-resource="pods"] tbody tr:nth-child(2)').waitFor();
      expect(await page.evaluate("window.isSamePage")).toBe(true);
    });

    it("scales, edits, and shows markup in annotations as text", async () => {
      await menu(page, "Deployments");
      await page.getByRole("link", { name: "ticking", exact: true }).click();
      const wanted = page.getByRole("spinbutton", { name: "Replicas" });
      await wanted.fill("3");
      await page.getByRole("button", { name: "Scale" }).focus();
      // What somebody has typed is left alone, what nobody has follows the cluster.
      await kubectl.ok("label deployment ticking changed=yes");
      await page.locator(".facts", { hasText: "changed: yes" }).waitFor();
      expect(await wanted.inputValue()).toBe("3");
      await page.getByRole("button", { name: "Scale" }).click();
      await heading(page, "Deployment ticking");
      expect(await replicas()).toBe("3");
      await page.locator("summary", { hasText: "Annotations" }).click();
      await page.getByText("<img src=x onerror=window.harmed=true>").first().waitFor();
      expect(await page.evaluate("window.harmed")).toBeUndefined();
      // Until the controllers have settled, somebody else may be faster.
      await kubectl.ok("rollout status deployment/ticking --timeout=60s");
      await page.getByRole("link", { name: "Edit" }).click();
      const text = await page.getByLabel("YAML").inputValue();
      await page.getByLabel("YAML").fill(text.replace("replicas: 3", "replicas: 1"));
      await page.getByRole("button", { name: "Save" }).click();
      await heading(page, "Deployment ticking");
      expect(await replicas()).toBe("1");
    });

    it("follows a log", async () => {
      await kubectl.ok("rollout status deployment/ticking --timeout=60s");
      await menu(page, "Pods");
      await page
        .getByRole("link", { name: /^ticking-/ })
        .first()
        .click();
      await page.getByRole("link", { name: "Logs of clock" }).click();
      const log = page.getByRole("log");
      await eventually("the log", async () => (await log.innerText()).includes("tick <b>\n"));
      const before = (await log.innerText()).length;
      await page.getByRole("button", { name: "Follow" }).click();
      await eventually("more of the log", async () => (await log.innerText()).length > before + 10);
      await page.getByRole("button", { name: "Stop following" }).click();
      await page.getByRole("button", { name: "Follow" }).waitFor();
    });

    it("deletes after a question", async () => {
      await menu(page, "Deployments");
      await page.getByRole("link", { name: "ticking", exact: true }).click();
      await page.getByRole("link", { name: "Delete" }).click();
      await page.getByRole("button", { name: "Delete Deployment ticking" }).click();
      await heading(page, "Deployments");
      expect((await kubectl.try("get deployment ticking")).stderr).toContain("NotFound");
      await page.close();
      expect(await command.stop("SIGINT")).toBe(0);
    });
  });

  it("is in the cluster, behind kubectl proxy, for who has a token, with JavaScript and without", async () => {
    await kubectl.ok("create serviceaccount viewer");
    await kubectl.ok("create clusterrolebinding viewer --clusterrole=view --serviceaccount=default:viewer");
    const token = (await kubectl.ok("create token viewer")).trim();
    const port = await freeTcpPort(38_001);
    const proxy = kubectl.start(`proxy --port=${port}`);
    try {
      const page = await openPage({ javaScriptEnabled: false });
      await eventually("the proxy", async () => proxy.output.includes("Starting to serve"));
      await page.goto(`http://localhost:${port}${PROXY_PATH}`);
      await page.getByLabel("Bearer token").fill("nobody");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").filter({ hasText: "does not accept this token" }).waitFor();
      await page.getByLabel("Bearer token").fill(token);
      await page.getByRole("button", { name: "Sign in" }).click();
      await heading(page, "Overview of all namespaces");
      expect(await page.locator(".user").innerText()).toBe("Signed in as system:serviceaccount:default:viewer");
      await menu(page, "Services");
      await page.getByRole("link", { name: "kubernetes-dashboard", exact: true }).click();
      await heading(page, "Service kubernetes-dashboard");
      expect(page.url()).toContain(`${PROXY_PATH}object?`);
      await menu(page, "Secrets");
      await heading(page, "You are not allowed to do this");
      await page.getByRole("button", { name: "Sign out" }).click();
      await heading(page, "Sign in to the Skiff dashboard");
      expect(problems.splice(0)).toEqual([expect.stringContaining("401"), expect.stringContaining("403")]);

      const live = await openPage();
      await live.goto(`http://localhost:${port}${PROXY_PATH}`);
      await live.getByLabel("Bearer token").fill(token);
      await live.getByRole("button", { name: "Sign in" }).click();
      await menu(live, "ServiceAccounts");
      await live.locator("html[data-watching]").waitFor();
      await kubectl.ok("create serviceaccount late");
      await live.getByRole("link", { name: "late", exact: true }).waitFor();
      await live.close();
    } finally {
      await proxy.stop();
    }
  });
});

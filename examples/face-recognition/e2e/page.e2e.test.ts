import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { browserObstacle, contrastOf, startBrowser } from "@skiff/e2e/testing";
import { PageFixture } from "#frontend/frontend.fixture.ts";

const why = browserObstacle;

describe.skipIf(why !== undefined)(`the page in a browser${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let browser: Browser;
  let server: PageFixture;
  let page: Page;
  let problems: string[];

  const open = async (options: { javaScriptEnabled?: boolean; colorScheme?: "light" | "dark" } = {}): Promise<void> => {
    page = await (await browser.newContext(options)).newPage();
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(server.url);
  };
  const row = (id: number): Promise<string> => page.locator(`#image-${id}`).innerText();

  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    problems = [];
    server = await PageFixture.start();
    await server.picture("red.jpg", "red");
    await server.picture("hannibal_1.jpg", "blue");
    await server.store.add(["red.jpg", "none.jpg"]);
  });
  afterEach(async () => {
    await page.context().close();
    await server.stop();
    expect(problems).toEqual([]);
  });

  it("is a plain table without JavaScript, with filters that work", async () => {
    await server.identify(1, 3, "hannibal_1.jpg");
    await open({ javaScriptEnabled: false });
    expect(await page.locator("thead th").allInnerTexts()).toEqual(["ID", "Picture", "Path", "Person", "Status"]);
    expect(await row(1)).toMatch(/1\s+red.jpg\s+Hannibal\s+Processed/);
    await page.getByLabel("Person").selectOption("Hannibal");
    await page.getByRole("button", { name: "Filter" }).click();
    expect(await page.locator("tbody tr").count()).toBe(1);
    await page.getByRole("link", { name: "Show all" }).click();
    expect(await page.locator("tbody tr").count()).toBe(2);
  });

  it("changes by itself: new rows, new answers, new counts", async () => {
    await open();
    await page.getByText("Live", { exact: true }).waitFor();
    expect(await row(1)).toContain("Pending");
    await server.identify(1, 3, "hannibal_1.jpg");
    await page.locator('#image-1[data-person="Hannibal"]').waitFor();
    await server.store.add(["third.jpg"]);
    await page.locator("#image-3").waitFor();
    expect(await page.locator("tbody tr").first().getAttribute("id")).toBe("image-3");
    expect(await page.locator('[data-count="processed"]').innerText()).toBe("1");
    const width = await page.evaluate("document.querySelector('#image-1 td img').naturalWidth");
    expect(width).toBe(128);
  });

  it("uploads a picture that then is in the table", async () => {
    await open();
    await page.getByLabel("Add pictures").setInputFiles(join(server.folder, "red.jpg"));
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("alert").innerText()).toBe("1 picture was taken.");
    expect(await row(3)).toContain("upload-");
  });

  it("can be used by keyboard, has landmarks and names, and enough contrast in light and dark", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await open({ colorScheme });
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the table");
      expect(await page.getByRole("main").count()).toBe(1);
      expect(await page.getByRole("banner").count()).toBe(1);
      expect(await page.evaluate("[...document.querySelectorAll('input, select')].filter((each) => each.labels.length === 0).length")).toBe(
        0,
      );
      expect(await page.evaluate("[...document.querySelectorAll('button')].filter((each) => each.textContent === '').length")).toBe(0);
      expect(await page.locator("img:not([alt])").count()).toBe(0);
      for (const selector of ["h1", ".status.pending", ".path", ".nobody", "th", "label", "caption"]) {
        expect(await contrastOf(page, selector), `${selector}, ${colorScheme}`).toBeGreaterThan(4.5);
      }
      if (colorScheme === "light") await page.context().close();
    }
  });
});

import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PageFixture } from "./frontend.fixture.ts";

describe("frontend", () => {
  let page: PageFixture;

  beforeEach(async () => {
    page = await PageFixture.start();
  });
  afterEach(() => page.stop());

  const get = async (path: string): Promise<string> => (await fetch(page.url + path)).text();
  const ids = async (path: string): Promise<number[]> =>
    Array.from((await get(path)).matchAll(/id="image-(\d+)"/g), ([, id]) => Number(id));

  it("shows a table of all images without a script, newest first, by status, person and page", async () => {
    await page.store.add(Array.from({ length: 52 }, (_, index) => `${index}.jpg`));
    await page.identify(52, 3, "hannibal_1.jpg");
    const html = await get("/");
    expect(html).toMatch(/<tr id="image-52" data-status="processed" data-person="Hannibal">/);
    expect(html).toContain('href="/?before=3" rel="next"');
    expect(await ids("/")).toHaveLength(50);
    expect(await ids("/?before=3")).toEqual([2, 1]);
    expect(await ids("/?status=processed")).toEqual([52]);
    expect(await ids("/?person=Hannibal")).toEqual([52]);
    expect(await ids("/?person=Gergely")).toEqual([]);
    expect(await ids("/?status=nonsense&before=nonsense")).toHaveLength(50);
  });

  it("takes nothing from the table for a part of the page", async () => {
    await page.store.add(['"><script>alert(1)</script>.jpg']);
    const html = await get("/");
    expect(html).not.toContain("<script>alert");
    expect(html).toContain("&#60;script&#62;");
    expect((await fetch(page.url)).headers.get("content-security-policy")).toContain("default-src 'self'");
  });

  it("shows pictures of the folder only", async () => {
    await page.picture("red.jpg", "red");
    await page.store.add(["red.jpg", "/etc/passwd", "../../etc/passwd", "none.jpg"]);
    const type = async (path: string): Promise<string> => {
      const response = await fetch(page.url + path);
      return `${response.status} ${response.headers.get("content-type")}`;
    };
    expect(await type("/thumbnails/1")).toBe("200 image/jpeg");
    expect(await type("/pictures/1")).toBe("200 image/jpeg");
    for (const id of [2, 3, 4]) {
      expect(await type(`/pictures/${id}`)).toMatch(/^404/);
      expect(await type(`/thumbnails/${id}`)).toBe("200 image/svg+xml");
    }
    expect(await type("/known/red.jpg")).toBe("200 image/jpeg");
    for (const path of ["/known/..%2f..%2fetc%2fpasswd", "/known/%ff", "/pictures/99", "/static/..%2fpackage.json", "/nowhere"]) {
      expect(await type(path), path).toMatch(/^40[04]/);
    }
  });

  it("takes uploads of pictures and refuses other files", async () => {
    const form = new FormData();
    const picture = await (await fetch(`${page.url}/known/${(await page.picture("red.jpg", "red")).split("/").at(-1)}`)).blob();
    form.append("pictures", picture, "mine.jpg");
    form.append("pictures", new Blob(["no picture"]), "text.jpg");
    const response = await fetch(`${page.url}/upload`, { method: "POST", body: form, redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([303, "/?uploaded=1&refused=1"]);
    expect(await get("/?uploaded=1&refused=1")).toContain("1 picture was taken. 1 could not be taken");
    expect(readdirSync(page.folder).filter((name) => name.startsWith("upload-"))).toHaveLength(1);
    expect(await page.store.list({ limit: 5 })).toMatchObject([
      { status: "pending", path: expect.stringMatching(/upload-.*\.jpg$/) as string },
    ]);
  });

  it("refuses what is no upload", async () => {
    const post = async (init: RequestInit): Promise<number> => (await fetch(`${page.url}/upload`, { method: "POST", ...init })).status;
    expect(await post({ body: "x" })).toBe(400);
    expect(await post({ body: "x", headers: { "sec-fetch-site": "cross-site" } })).toBe(403);
    expect((await fetch(page.url, { method: "DELETE" })).status).toBe(405);
  });

  it("sends what changes, each change once", async () => {
    const response = await fetch(`${page.url}/events`);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = "";
    const until = async (what: RegExp): Promise<void> => {
      while (!what.test(text)) text += new TextDecoder().decode((await reader.read()).value);
    };
    await page.store.add(["new.jpg"]);
    await until(/event: change\ndata: .*image-1.*"pending":1/);
    await page.identify(1, 1, "gergely_1.jpg");
    await until(/image-1.*Gergely.*"processed":1/);
    const seen = text.match(/event: change/g)?.length;
    await until(/(: nothing new\n\n){3}$/);
    expect(text.match(/event: change/g)?.length).toBe(seen);
    await reader.cancel();
  });
});

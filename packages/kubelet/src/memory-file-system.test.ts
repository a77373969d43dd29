import { describe, expect, it } from "vitest";
import { MemoryFileSystem } from "./memory-file-system.ts";

describe("MemoryFileSystem", () => {
  it("makes the directories that lead to one, and gives the mode to the last alone", async () => {
    const files = new MemoryFileSystem();
    await files.makeDirectory("/a//b/c/", 0o700);
    expect((await files.stat("/a/b"))?.mode).toBe(0o755);
    expect((await files.stat("/a/b/c"))?.mode).toBe(0o700);
    await files.makeDirectory("/a/b", 0o711);
    expect((await files.stat("/a/b"))?.mode).toBe(0o711);
    expect(await files.readDirectory("/a/b")).toEqual(["c"]);
  });

  it("follows dots and links, also to directories that are only being made", async () => {
    const files = new MemoryFileSystem();
    await files.makeDirectory("/a/b/../c/./d");
    expect(await files.readDirectory("/a")).toEqual(["b", "c"]);
    await files.symlink("../a/c", "/a/link");
    await files.makeDirectory("/a/link/e");
    expect(await files.readDirectory("/a/c")).toEqual(["d", "e"]);
    expect(await files.realPath("/a/link/e")).toBe("/a/c/e");
    expect((await files.lstat("/a/link"))?.type).toBe("symlink");
    expect((await files.stat("/a/link"))?.type).toBe("directory");
    expect(await files.stat("/a/missing/../c")).toBeUndefined();
  });

  it("refuses a directory below a file, naming what was asked for", async () => {
    const files = new MemoryFileSystem();
    await files.writeFile("/file", Buffer.from("x"));
    await expect(files.makeDirectory("/file/b/c")).rejects.toThrow(/ENOTDIR.*\/file\/b\/c/);
    expect(Buffer.from(await files.readFile("/file")).toString()).toBe("x");
  });

  it("keeps the contents of empty files apart", async () => {
    const files = new MemoryFileSystem();
    files.appendFile("/one", new Uint8Array());
    files.appendFile("/two", new Uint8Array());
    files.appendFile("/one", Buffer.from("1"));
    expect((await files.stat("/two"))?.sizeBytes).toBe(0);
    expect((await files.stat("/one"))?.sizeBytes).toBe(1);
  });
});

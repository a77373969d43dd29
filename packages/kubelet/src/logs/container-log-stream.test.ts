import { VirtualClock } from "@skiff/base";
import { describe, expect, it } from "vitest";
import { MemoryFileSystem } from "../memory-file-system.ts";
import { containerLogStream, type LogOptions } from "./container-log-stream.ts";

const PATH = "/var/log/pods/p/c/0.log";

function line(second: number, text: string, stream = "stdout", tag = "F"): Uint8Array {
  return Buffer.from(`2026-01-01T00:00:${String(second).padStart(2, "0")}.000000001Z ${stream} ${tag} ${text}\n`);
}

class Log {
  readonly clock = new VirtualClock();
  readonly fileSystem = new MemoryFileSystem();
  running = true;
  output = "";
  readonly stop = new AbortController();
  done: Promise<void> | undefined;

  async write(...lines: Uint8Array[]): Promise<void> {
    await this.fileSystem.makeDirectory("/var/log/pods/p/c");
    this.fileSystem.appendFile(PATH, Buffer.concat(lines));
  }

  read(options: LogOptions): Promise<void> {
    const source = { fileSystem: this.fileSystem, clock: this.clock, path: PATH, isRunning: async () => this.running };
    this.done = (async () => {
      for await (const chunk of containerLogStream(source, options, this.stop.signal)) this.output += Buffer.from(chunk).toString("utf8");
    })();
    return this.done;
  }
}

describe("a container's log", () => {
  const lines = [line(1, "one"), line(2, "oops", "stderr"), line(3, "lo", "stdout", "P"), line(4, "ng"), line(5, "five")];
  it.each<{ why: string; options: LogOptions; expected: string }>([
    { why: "whole", options: {}, expected: "one\noops\nlong\nfive\n" },
    { why: "its end", options: { tailLines: 1 }, expected: "five\n" },
    { why: "no line", options: { tailLines: 0 }, expected: "" },
    { why: "more lines than there are", options: { tailLines: 99 }, expected: "one\noops\nlong\nfive\n" },
    { why: "one stream", options: { stream: "stderr" }, expected: "oops\n" },
    { why: "the end of one stream", options: { stream: "stderr", tailLines: 1 }, expected: "oops\n" },
    { why: "since a time", options: { sinceMs: Date.UTC(2026, 0, 1, 0, 0, 4) }, expected: "ng\nfive\n" },
    { why: "some bytes", options: { limitBytes: 6 }, expected: "one\noo" },
    {
      why: "with times",
      options: { timestamps: true, tailLines: 1 },
      expected: "2026-01-01T00:00:05.000000001Z five\n",
    },
  ])("can be read: $why", async ({ options, expected }) => {
    const log = new Log();
    await log.write(...lines);
    await log.read(options);
    expect(log.output).toBe(expected);
  });

  it("is followed across a rotation until the container ends", async () => {
    const log = new Log();
    await log.write(line(1, "one"));
    const done = log.read({ follow: true });
    await log.clock.advance("1s");
    await log.write(line(2, "two"));
    await log.fileSystem.rename(PATH, `${PATH}.old`);
    await log.write(line(3, "three"));
    await log.clock.advance("1s");
    expect(log.output).toBe("one\ntwo\nthree\n");
    await log.write(line(4, "last"));
    log.running = false;
    await log.clock.advance("1s");
    await done;
    expect(log.output).toBe("one\ntwo\nthree\nlast\n");
  });

  it("is left when the client goes", async () => {
    const log = new Log();
    await log.write(line(1, "one"));
    const done = log.read({ follow: true });
    await log.clock.advance("1s");
    log.stop.abort(new Error("gone"));
    await log.clock.advance("1s");
    await done;
    expect(log.output).toBe("one\n");
  });
});

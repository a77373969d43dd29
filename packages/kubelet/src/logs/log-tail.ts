import { hasErrorCode, type FileReader, type FileSystem } from "../file-system.ts";
import { parseCriLogLine } from "./cri-log-line.ts";

const LINE_FEED = 0x0a;
/** Read from the end of a log at once. */
const BLOCK_BYTES = 64 * 1024;

/**
 * The position at which the last `lines` lines of a file begin. Reads backwards, block by block, so that the size of the
 * file does not matter.
 */
export async function tailPosition(file: FileReader, sizeBytes: number, lines: number): Promise<number> {
  if (lines <= 0) return sizeBytes;
  let end = sizeBytes;
  // The line feed at the very end ends the last line and begins none.
  let wanted = lines + 1;
  let atEnd = true;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const block = await file.read(start, end - start);
    if (block.length === 0) return 0;
    let index = block.length;
    if (atEnd && block[block.length - 1] !== LINE_FEED) wanted--;
    atEnd = false;
    while ((index = block.lastIndexOf(LINE_FEED, index - 1)) >= 0) {
      if (--wanted === 0) return start + index + 1;
      if (index === 0) break;
    }
    end = start;
  }
  return 0;
}

/** The content of the last lines of a container's log, at most `limitBytes` of it; empty when there is no log. */
export async function readLogTail(fileSystem: FileSystem, path: string, limitBytes: number, lines: number): Promise<string> {
  let file: FileReader;
  try {
    file = await fileSystem.open(path);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT", "ENOTDIR")) return "";
    throw error;
  }
  try {
    const { sizeBytes } = await file.status();
    // Each line carries its time and stream in front; so much more than the limit is enough to read.
    const from = Math.max(await tailPosition(file, sizeBytes, lines), sizeBytes - limitBytes - lines * 64);
    const bytes = Buffer.from(await file.read(from, sizeBytes - from));
    const contents: Buffer[] = [];
    for (let start = 0; start < bytes.length;) {
      const feed = bytes.indexOf(LINE_FEED, start);
      const end = feed < 0 ? bytes.length : feed;
      const line = parseCriLogLine(bytes.subarray(start, end));
      if (line !== undefined) contents.push(Buffer.from(line.content), Buffer.from(line.partial ? "" : "\n"));
      start = end + 1;
    }
    const all = Buffer.concat(contents);
    return all.subarray(Math.max(0, all.length - limitBytes)).toString("utf8");
  } finally {
    await file.close();
  }
}

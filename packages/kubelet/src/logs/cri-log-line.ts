/** One line of a log in the format of CRI: `<RFC 3339 time, nanoseconds> <stream> <tags> <content>`. */
export interface CriLogLine {
  /** As written, with its nanoseconds. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  /** The runtime cut a long line into pieces; this is not the last one. */
  readonly partial: boolean;
  /** Without the line feed that ended it in the file. */
  readonly content: Uint8Array;
}

const SPACE = 0x20;

/** Reads one line, given without its line feed; undefined when it is not in the format. */
export function parseCriLogLine(line: Uint8Array): CriLogLine | undefined {
  const first = line.indexOf(SPACE);
  const second = first < 0 ? -1 : line.indexOf(SPACE, first + 1);
  const third = second < 0 ? -1 : line.indexOf(SPACE, second + 1);
  if (second < 0) return undefined;
  const stream = text(line.subarray(first + 1, second));
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const tags = text(line.subarray(second + 1, third < 0 ? line.length : third)).split(":");
  return {
    time: text(line.subarray(0, first)),
    stream,
    partial: tags[0] === "P",
    content: third < 0 ? new Uint8Array() : line.subarray(third + 1),
  };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

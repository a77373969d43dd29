import { FIELD_NUMBERS } from "./field-numbers.ts";

/** One field of a message. */
export interface FieldType {
  /** In JSON; empty: the fields of this message stand in the one around it. */
  readonly name: string;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly scalar: "s" | "b" | "i" | "d" | "y" | undefined;
  /** The full name of the message, when it is none of the scalars. */
  readonly message: string;
  /** Zero, the empty text and `false` mean something. */
  readonly keepsZero: boolean;
}

/** The fields of a message by their numbers. */
type MessageType = ReadonlyMap<number, FieldType>;

let lines: ReadonlyMap<string, string> | undefined;
const parsed = new Map<string, MessageType>();

/** The message of that name, such as `core.v1.Pod`; `undefined` when there is none. */
export function messageType(name: string): MessageType | undefined {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  lines ??= new Map(
    FIELD_NUMBERS.trim()
      .split("\n")
      .map((line) => splitOnce(line, " ")),
  );
  const line = lines.get(name);
  if (line === undefined) return undefined;
  const home = name.slice(0, name.lastIndexOf("."));
  const type = new Map(
    line
      .split(" ")
      .filter((text) => text !== "")
      .map((text) => fieldType(text, home)),
  );
  parsed.set(name, type);
  return type;
}

function fieldType(text: string, home: string): [number, FieldType] {
  const [, name = "", number, keep, shape, code = ""] = /^([^=]*)=(\d+)(!?)([*%]?)(.+)$/.exec(text) ?? [];
  const target = code.startsWith("@") ? code.slice(1) : "";
  return [
    Number(number),
    {
      name,
      repeated: shape === "*",
      map: shape === "%",
      scalar: target === "" ? (code as FieldType["scalar"]) : undefined,
      message: target.includes(".") || target === "" ? target : `${home}.${target}`,
      keepsZero: keep === "!",
    },
  ];
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

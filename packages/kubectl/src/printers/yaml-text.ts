import { isJsonObject, type JsonValue, writeJson } from "@skiff/api";

/** Lines are folded behind this column, as the YAML library of kubectl does it. */
const BEST_WIDTH = 80;

/** A value as kubectl prints it with `-o yaml`: keys in order, lists not indented, a newline at the end. */
export function yamlText(value: JsonValue): string {
  if (isJsonObject(value) && Object.keys(value).length > 0) return `${mapping(value, 0)}\n`;
  if (Array.isArray(value) && value.length > 0) return `${sequence(value, 0)}\n`;
  return `${inline(value, 0, 0)}\n`;
}

function mapping(value: Record<string, JsonValue>, indent: number): string {
  return Object.keys(value)
    .sort(compareKeys)
    .map((key) => {
      const child = value[key] as JsonValue;
      const head = `${keyText(key)}:`;
      if (isJsonObject(child) && Object.keys(child).length > 0) return `${" ".repeat(indent)}${head}\n${mapping(child, indent + 2)}`;
      if (Array.isArray(child) && child.length > 0) return `${" ".repeat(indent)}${head}\n${sequence(child, indent)}`;
      return `${" ".repeat(indent)}${head} ${inline(child, indent + 2, indent + head.length + 1)}`;
    })
    .join("\n");
}

function sequence(items: readonly JsonValue[], indent: number): string {
  const pad = " ".repeat(indent);
  return items
    .map((item) => {
      // The first key of an item stands behind its dash.
      if (isJsonObject(item) && Object.keys(item).length > 0) return `${pad}- ${mapping(item, indent + 2).slice(indent + 2)}`;
      if (Array.isArray(item) && item.length > 0) return `${pad}- ${sequence(item, indent + 2).slice(indent + 2)}`;
      return `${pad}- ${inline(item, indent + 2, indent + 2)}`;
    })
    .join("\n");
}

/** The library sorts letters before case-blind natural numbers; for the keys of Kubernetes objects this is plain order. */
function compareKeys(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  const letter = (text: string | undefined): boolean => text !== undefined && /\p{L}/u.test(text);
  for (let index = 0; index < left.length && index < right.length; index++) {
    const [one, two] = [left[index] ?? "", right[index] ?? ""];
    if (one === two) continue;
    if (letter(one) !== letter(two) && !(/\d/.test(one) && /\d/.test(two))) return letter(one) ? 1 : -1;
    if (/\d/.test(one) && /\d/.test(two)) return compareDigits(left.slice(index), right.slice(index), index, left);
    return one < two ? -1 : 1;
  }
  return left.length - right.length;
}

function compareDigits(a: readonly string[], b: readonly string[], at: number, whole: readonly string[]): number {
  let start = at;
  while (start > 0 && /\d/.test(whole[start - 1] ?? "")) start--;
  const prefix = whole.slice(start, at).join("");
  const number = (rest: readonly string[]): bigint => BigInt(prefix + (/^\d*/.exec(rest.join(""))?.[0] ?? "0"));
  const [one, two] = [number(a), number(b)];
  if (one !== two) return one < two ? -1 : 1;
  return (a[0] ?? "") < (b[0] ?? "") ? -1 : 1;
}

function keyText(key: string): string {
  return isPlain(key) ? key : quoted(key, Number.POSITIVE_INFINITY, 0);
}

/** A scalar or an empty collection that stands on the line of its key, which reaches to `column`. */
function inline(value: JsonValue, indent: number, column: number): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "[]";
  if (typeof value === "object") return "{}";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return numberText(value);
  if (typeof value === "boolean") return String(value);
  if (value.includes("\n") && canBeLiteral(value)) return literal(value, indent);
  if (value.includes("\n")) return doubleQuoted(value, indent, column);
  return isPlain(value) ? fold(value, indent, column) : quoted(value, indent, column);
}

function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return BigInt(value).toString();
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}

/** Whether a text can stand without quotes and is still a text. */
function isPlain(text: string): boolean {
  if (text === "" || resolvesToOther(text)) return false;
  if (/^[\s]|[\s]$/.test(text) || /[^\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text)) return false;
  if (/^(---|\.\.\.)/.test(text)) return false;
  if (/^[#,[\]{}&*!|>'"%@`]/.test(text) || /^[?:-]( |$)/.test(text)) return false;
  return !/: |:$| #/.test(text);
}

/** Numbers, booleans, null, times, in any form that YAML 1.1 or 1.2 would read so. */
function resolvesToOther(text: string): boolean {
  if (/^(~|null|Null|NULL|true|True|TRUE|false|False|FALSE|y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|<<|=)$/.test(text))
    return true;
  if (/^[-+]?(\.inf|\.Inf|\.INF)$|^(\.nan|\.NaN|\.NAN)$/.test(text)) return true;
  if (/^[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|[0-9][0-9_]*)$/.test(text)) return true;
  if (/^[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?$/.test(text)) return true;
  if (/^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text)) return true;
  return /^\d{4}-\d{1,2}-\d{1,2}([Tt ]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?\s*([Zz]|[-+]\d{1,2}(:\d{2})?)?)?$/.test(text);
}

function quoted(text: string, indent: number, column: number): string {
  // A text that would be read as a number or the like is set in double quotes, any other one in single quotes.
  if (text === "" || resolvesToOther(text)) return `"${text}"`;
  if (/[^\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text)) return doubleQuoted(text, indent, column);
  return `'${fold(text.replaceAll("'", "''"), indent, column + 1)}'`;
}

function canBeLiteral(text: string): boolean {
  return !/ \n/.test(text) && !text.endsWith(" ") && !/[^\n\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text);
}

function literal(text: string, indent: number): string {
  const chomp = text.endsWith("\n") ? (text.endsWith("\n\n") || text === "\n" ? "+" : "") : "-";
  const hint = /^[ \n]/.test(text) ? "2" : "";
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  const pad = " ".repeat(Number.isFinite(indent) ? indent : 2);
  return `|${hint}${chomp}\n${body
    .split("\n")
    .map((line) => (line === "" ? "" : pad + line))
    .join("\n")}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\0": "\\0",
  "\b": "\\b",
  "\u001b": "\\e",
};

function doubleQuoted(text: string, indent: number, column: number): string {
  let out = '"';
  let at = column + 1;
  const letters = Array.from(text);
  for (const [index, letter] of letters.entries()) {
    if (letter === " " && at > BEST_WIDTH && index > 0 && index < letters.length - 1 && Number.isFinite(indent)) {
      out += `\n${" ".repeat(indent)}${letters[index + 1] === " " ? "\\" : ""}`;
      at = indent;
      continue;
    }
    const code = letter.codePointAt(0) ?? 0;
    const printable = (code >= 0x20 && code < 0x7f) || code >= 0xa0;
    const escaped = ESCAPES[letter] ?? (printable ? letter : code <= 0xff ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
    out += escaped;
    at += escaped.length;
  }
  return `${out}"`;
}

const hex = (code: number, digits: number): string => code.toString(16).toUpperCase().padStart(digits, "0");

/** Breaks a long text at single spaces behind {@link BEST_WIDTH}. */
function fold(text: string, indent: number, column: number): string {
  if (!Number.isFinite(indent) || column + text.length <= BEST_WIDTH) return text;
  let out = "";
  let at = column;
  const letters = Array.from(text);
  for (const [index, letter] of letters.entries()) {
    const single = letter === " " && letters[index - 1] !== " " && letters[index + 1] !== " ";
    if (single && at > BEST_WIDTH && index > 0 && index < letters.length - 1) {
      out += `\n${" ".repeat(indent)}`;
      at = indent;
    } else {
      out += letter;
      at++;
    }
  }
  return out;
}

/** A value as kubectl prints it with `-o json`: keys in order, four spaces, `<`, `>` and `&` escaped, a newline at the end. */
export function jsonText(value: JsonValue, indent = 4): string {
  return `${writeJson(sorted(value), indent)
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e")
    .replaceAll("&", "\\u0026")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029")}\n`;
}

/** JSON on one line with keys in order, as Go writes it. */
export function compactJson(value: JsonValue): string {
  return jsonText(value, 0).trimEnd();
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] as JsonValue)]),
  );
}

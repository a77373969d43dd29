import { ageSince, isJsonObject, type JsonValue, type KubeObject } from "@skiff/api";
import { printed } from "../printers/json-path.ts";
import { formatGoTime } from "../go-time.ts";
import { alignText, DESCRIBE_ALIGNMENT } from "../printers/aligned-text.ts";

/** Longer values of annotations are cut. */
const MAX_ANNOTATION_LENGTH = 140;

/** Gathers the text of `describe`: indented lines whose cells are set in columns in the end. */
export class Description {
  #text = "";

  /** A line; cells stand behind tabs. */
  line(level: number, text: string): void {
    this.#text += `${"  ".repeat(level)}${text}\n`;
  }

  /** `Name:   value`. */
  field(level: number, name: string, value: string | number | boolean): void {
    this.line(level, `${name}:\t${value}`);
  }

  /** `key=value` pairs or the like, one a line, the first behind the name; `<none>` when there are none. */
  pairs(name: string, pairs: Readonly<Record<string, string>> | undefined, separator = "="): void {
    const entries = Object.entries(pairs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) this.field(0, name, "<none>");
    for (const [index, [key, value]] of entries.entries()) this.line(0, `${index === 0 ? `${name}:` : ""}\t${key}${separator}${value}`);
  }

  annotations(annotations: Readonly<Record<string, string>> | undefined): void {
    const entries = Object.entries(annotations ?? {})
      .filter(([key]) => key !== "kubectl.kubernetes.io/last-applied-configuration")
      .sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) this.field(0, "Annotations", "<none>");
    for (const [index, [key, value]] of entries.entries()) {
      const short = value.replace(/\n+$/, "");
      const head = index === 0 ? "Annotations:\t" : "\t";
      if (short.length < MAX_ANNOTATION_LENGTH && !short.includes("\n")) {
        this.line(0, `${head}${key}: ${short}`);
        continue;
      }
      this.line(0, `${head}${key}:`);
      for (const part of short.split("\n"))
        this.line(0, `\t  ${part.length > MAX_ANNOTATION_LENGTH - 2 ? `${part.slice(0, MAX_ANNOTATION_LENGTH - 2)}...` : part}`);
    }
  }

  /** Name, namespace, labels and annotations, as most kinds begin. */
  metadata({ metadata = {} }: KubeObject, namespaced: boolean): void {
    this.field(0, "Name", metadata.name ?? "");
    if (namespaced) this.field(0, "Namespace", metadata.namespace ?? "");
    this.pairs("Labels", metadata.labels);
    this.annotations(metadata.annotations);
  }

  /** A table below a heading; the line under the headings is made of dashes. */
  table(level: number, headings: readonly string[], rows: readonly (readonly string[])[]): void {
    this.line(level, headings.join("\t"));
    this.line(level, headings.map((heading) => "-".repeat(heading.trim().length)).join("\t"));
    for (const row of rows) this.line(level, row.join("\t"));
  }

  /** Appends text that is in columns already. */
  append(text: string): void {
    this.#text += text;
  }

  toString(): string {
    return alignText(this.#text, DESCRIBE_ALIGNMENT);
  }
}

/** An RFC 3339 time as Go prints it (RFC 1123 with the zone's offset), or nothing. */
export function describedTime(time: string | undefined): string {
  return time ? formatGoTime(time) : "";
}

/** Fields of an object of any kind, named for people: `Spec:` and below it everything in it. */
export function describeValue(out: Description, level: number, value: Readonly<Record<string, JsonValue>>): void {
  for (const key of Object.keys(value).sort()) {
    const child = value[key] as JsonValue;
    const name = fieldTitle(key);
    if (isJsonObject(child)) {
      out.line(level, `${name}:`);
      describeValue(out, level + 1, child);
    } else if (Array.isArray(child)) {
      out.line(level, `${name}:`);
      for (const item of child) {
        if (isJsonObject(item)) describeValue(out, level + 1, item);
        else out.line(level + 1, printed(item));
      }
    } else out.line(level, `${name}:\t${child === null ? "<nil>" : String(child)}`);
  }
}

/** `apiVersion` as `API Version`, `podCIDR` as `Pod CIDR`. */
function fieldTitle(name: string): string {
  if (/[./]/.test(name)) return name;
  const words = name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[^A-Za-z0-9]+/g) ?? [name];
  return words
    .map((word) => (/^(api|url|uid|osb|guid|ip)$/i.test(word) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1)))
    .join(" ");
}

/** How long ago, for the column of an event. */
export function eventAge(first: string | undefined, last: string | undefined, count: number, nowMs: number): string {
  if (count <= 1 || first === undefined) return ageSince(last ?? first, nowMs);
  return `${ageSince(last ?? first, nowMs)} (x${count} over ${ageSince(first, nowMs)})`;
}

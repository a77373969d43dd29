import { isJsonObject, type JsonValue } from "@skiff/api";
import { KubectlError } from "../kubectl-error.ts";
import { compactJson } from "./yaml-text.ts";

type Step =
  | { readonly type: "field"; readonly name: string }
  | { readonly type: "wildcard" }
  | { readonly type: "recursive" }
  | { readonly type: "slice"; readonly start?: number; readonly end?: number; readonly step: number; readonly single: boolean }
  | { readonly type: "union"; readonly steps: readonly Step[] }
  | { readonly type: "filter"; readonly left: Operand; readonly operator: string; readonly right: Operand };

type Operand = { readonly path: readonly Step[] } | { readonly value: JsonValue };

type Node =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "path"; readonly steps: readonly Step[]; readonly fromRoot: boolean }
  | { readonly type: "range"; readonly steps: readonly Step[]; readonly body: readonly Node[] };

/** Options of {@link JsonPath}. */
interface JsonPathOptions {
  /** A field that is missing gives nothing in place of an error. */
  readonly allowMissing?: boolean;
}

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", '"': '"', "'": "'", "\\": "\\" };

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_whole, letter: string) => ESCAPED[letter] ?? letter);
}

/** Cuts a template into text and the contents of its braces. */
function pieces(template: string): { readonly text?: string; readonly action?: string }[] {
  const found: { text?: string; action?: string }[] = [];
  let position = 0;
  while (position < template.length) {
    const open = template.indexOf("{", position);
    if (open < 0) {
      found.push({ text: template.slice(position) });
      break;
    }
    if (open > position) found.push({ text: template.slice(position, open) });
    let end = open + 1;
    let quote = "";
    for (; end < template.length; end++) {
      const letter = template[end] ?? "";
      if (letter === "\\") end++;
      else if (quote !== "") quote = letter === quote ? "" : quote;
      else if (letter === '"' || letter === "'") quote = letter;
      else if (letter === "}") break;
    }
    if (end >= template.length) throw new KubectlError(`error parsing jsonpath ${template}, unclosed action`);
    found.push({ action: template.slice(open + 1, end).trim() });
    position = end + 1;
  }
  return found;
}

function parseNodes(template: string): readonly Node[] {
  const root: Node[] = [];
  const stack: { steps: readonly Step[]; body: Node[] }[] = [];
  for (const { text, action = "" } of pieces(template)) {
    const target = stack.at(-1)?.body ?? root;
    if (text !== undefined) target.push({ type: "text", text });
    else if (/^["']/.test(action)) target.push({ type: "text", text: unescape(action.slice(1, -1)) });
    else if (action === "end") {
      const range = stack.pop();
      if (range === undefined) throw new KubectlError("error parsing jsonpath: not in range, nothing to end");
      (stack.at(-1)?.body ?? root).push({ type: "range", ...range });
    } else if (/^range\s/.test(action)) stack.push({ steps: parseSteps(action.slice(5).trim()), body: [] });
    else if (action !== "") target.push({ type: "path", steps: parseSteps(action), fromRoot: action.startsWith("$") });
  }
  if (stack.length > 0) throw new KubectlError("error parsing jsonpath: unclosed range, missing {end}");
  return root;
}

function parseSteps(path: string): readonly Step[] {
  const steps: Step[] = [];
  let position = /^[$@]/.test(path) ? 1 : 0;
  while (position < path.length) {
    const rest = path.slice(position);
    if (rest.startsWith("..")) {
      steps.push({ type: "recursive" });
      position += rest[2] === "[" ? 2 : 1;
    } else if (rest.startsWith("[")) {
      const end = closingBracket(path, position);
      steps.push(bracket(path.slice(position + 1, end).trim()));
      position = end + 1;
    } else if (rest.startsWith(".") || position === 0) {
      const dot = rest.startsWith(".") ? 1 : 0;
      const name = /^(\\.|[^.[\\])*/.exec(rest.slice(dot))?.[0] ?? "";
      position += dot + name.length;
      if (name === "*") steps.push({ type: "wildcard" });
      else if (name !== "") steps.push({ type: "field", name: name.replace(/\\(.)/g, "$1").trim() });
      else if (dot === 0) throw new KubectlError(`unrecognized character in action: ${rest[0]}`);
    } else throw new KubectlError(`unrecognized character in action: ${rest[0]}`);
  }
  return steps;
}

function closingBracket(path: string, open: number): number {
  let depth = 0;
  let quote = "";
  for (let index = open; index < path.length; index++) {
    const letter = path[index] ?? "";
    if (quote !== "") quote = letter === quote && path[index - 1] !== "\\" ? "" : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === "[") depth++;
    else if (letter === "]" && --depth === 0) return index;
  }
  throw new KubectlError("unterminated array");
}

function bracket(content: string): Step {
  const filter = /^\?\((.*)\)$/s.exec(content)?.[1];
  if (filter !== undefined) return parseFilter(filter.trim());
  if (content === "*") return { type: "wildcard" };
  const quotedParts = content.match(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"/g);
  if (quotedParts !== null && /^['"]/.test(content)) {
    const steps: Step[] = quotedParts.map((part) => ({ type: "field", name: unescape(part.slice(1, -1)) }));
    return steps.length === 1 && steps[0] !== undefined ? steps[0] : { type: "union", steps };
  }
  if (content.includes(",")) return { type: "union", steps: content.split(",").map((part) => bracket(part.trim())) };
  const slice = /^(-?\d*)(?:(:)(-?\d*)(?::(-?\d*))?)?$/.exec(content);
  if (slice === null || content === "") throw new KubectlError(`invalid array index ${content}`);
  const [, start = "", colon, end = "", step = ""] = slice;
  const number = (text: string): number | undefined => (text === "" ? undefined : Number(text));
  if (colon === undefined) return { type: "slice", start: Number(start), step: 1, single: true };
  return { type: "slice", start: number(start), end: number(end), step: number(step) ?? 1, single: false };
}

function parseFilter(text: string): Step {
  const match = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s.exec(text);
  if (match === null) return { type: "filter", left: parseOperand(text), operator: "exists", right: { value: null } };
  const [, left = "", operator = "", right = ""] = match;
  return { type: "filter", left: parseOperand(left.trim()), operator, right: parseOperand(right.trim()) };
}

function parseOperand(text: string): Operand {
  if (/^['"]/.test(text)) return { value: unescape(text.slice(1, -1)) };
  if (/^-?\d+(\.\d+)?$/.test(text)) return { value: Number(text) };
  if (text === "true" || text === "false") return { value: text === "true" };
  return { path: parseSteps(text) };
}

/**
 * A template in kubectl's dialect of JSONPath: text with `{…}` in it, `range` and `end`, filters, slices, unions, `..` and
 * quoted text.
 *
 * Errors: {@link KubectlError} for a template that is wrong, and for missing fields unless they are allowed.
 */
export class JsonPath {
  readonly #nodes: readonly Node[];
  readonly #allowMissing: boolean;

  constructor(template: string, options: JsonPathOptions = {}) {
    this.#nodes = parseNodes(template);
    this.#allowMissing = options.allowMissing ?? false;
  }

  /** The text that the template makes of `data`. */
  execute(data: JsonValue): string {
    return this.#print(this.#nodes, data, data);
  }

  /** All values that the paths of the template find, without the text in between. */
  find(data: JsonValue): readonly JsonValue[] {
    return this.#nodes.flatMap((node) => (node.type === "text" ? [] : this.#walk(node.steps, data, data)));
  }

  #print(nodes: readonly Node[], current: JsonValue, root: JsonValue): string {
    let text = "";
    for (const node of nodes) {
      if (node.type === "text") text += node.text;
      else if (node.type === "path")
        text += this.#walk(node.steps, node.fromRoot ? root : current, root)
          .map(printed)
          .join(" ");
      else for (const item of this.#walk(node.steps, current, root)) text += this.#print(node.body, item, root);
    }
    return text;
  }

  #walk(steps: readonly Step[], from: JsonValue, root: JsonValue): readonly JsonValue[] {
    let values: readonly JsonValue[] = [from];
    let recursive = false;
    for (const step of steps) {
      if (step.type === "recursive") {
        values = values.flatMap(descendants);
        recursive = true;
        continue;
      }
      values = values.flatMap((value) => this.#step(step, value, root, recursive));
      recursive = false;
    }
    return values;
  }

  #step(step: Step, value: JsonValue, root: JsonValue, lenient: boolean): readonly JsonValue[] {
    switch (step.type) {
      case "field": {
        if (isJsonObject(value) && Object.hasOwn(value, step.name)) return [value[step.name] as JsonValue];
        if (lenient || this.#allowMissing || value === null) return [];
        throw new KubectlError(`${step.name} is not found`);
      }
      case "wildcard":
        return Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : [];
      case "slice":
        return this.#slice(step, value, lenient);
      case "union":
        return step.steps.flatMap((one) => this.#step(one, value, root, lenient));
      case "filter":
        return (Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : []).filter((item) =>
          this.#passes(step, item, root),
        );
      default:
        return [value];
    }
  }

  #slice(step: Extract<Step, { type: "slice" }>, value: JsonValue, lenient: boolean): readonly JsonValue[] {
    if (value === null || (lenient && !Array.isArray(value))) return [];
    if (!Array.isArray(value)) throw new KubectlError(`${compactJson(value)} is not array or slice`);
    const place = (index: number): number => (index < 0 ? index + value.length : index);
    const start = place(step.start ?? 0);
    if (step.single) {
      if (start >= 0 && start < value.length) return [value[start] as JsonValue];
      if (this.#allowMissing || lenient) return [];
      throw new KubectlError(`array index out of bounds: index ${start}, length ${value.length}`);
    }
    const found: JsonValue[] = [];
    const end = Math.min(value.length, place(step.end ?? value.length));
    for (let index = start; index < end; index += Math.max(1, step.step)) if (index >= 0) found.push(value[index] as JsonValue);
    return found;
  }

  #passes(filter: Extract<Step, { type: "filter" }>, item: JsonValue, root: JsonValue): boolean {
    const left = this.#operand(filter.left, item, root);
    if (filter.operator === "exists") return left.length > 0;
    const right = this.#operand(filter.right, item, root);
    if (left.length === 0 || right.length === 0) return false;
    return compare(left[0] as JsonValue, filter.operator, right[0] as JsonValue);
  }

  #operand(operand: Operand, item: JsonValue, root: JsonValue): readonly JsonValue[] {
    if ("value" in operand) return [operand.value];
    try {
      return this.#walk(operand.path, item, root);
    } catch (error) {
      if (error instanceof KubectlError) return [];
      throw error;
    }
  }
}

function descendants(value: JsonValue): readonly JsonValue[] {
  if (Array.isArray(value)) return [value, ...value.flatMap(descendants)];
  return isJsonObject(value) ? [value, ...Object.values(value).flatMap(descendants)] : [];
}

function compare(left: JsonValue, operator: string, right: JsonValue): boolean {
  const same = typeof left === typeof right;
  switch (operator) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return same && left! < right!;
    case "<=":
      return same && left! <= right!;
    case ">":
      return same && left! > right!;
    default:
      return same && left! >= right!;
  }
}

/** A value as a template prints it: text as it is, everything else as JSON. */
export function printed(value: JsonValue): string {
  if (typeof value === "string") return value;
  return value === null ? "" : compactJson(value);
}

/** A path as users write it in `--sort-by` and custom columns: with or without braces and the leading dot. */
export function relaxedPath(text: string): string {
  const inner = /^\{(.*)\}$/s.exec(text.trim())?.[1] ?? text.trim();
  if (inner === "")
    throw new KubectlError(`unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`);
  return /^[.[$@]/.test(inner) ? `{${inner}}` : `{.${inner}}`;
}

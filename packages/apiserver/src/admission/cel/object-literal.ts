/** A brace that is open while a literal is read; only those of typed objects have bare words as keys. */
type Brace = "object" | "map" | "other";

const TOKEN =
  /\s+|\/\/[^\n]*|[rRbB]*(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|[A-Za-z_][A-Za-z0-9_]*|\d[\w.]*|[\s\S]/g;
const TYPED = /^(?:Object(?:\.[A-Za-z_][A-Za-z0-9_]*)*|JSONPatch)$/;

/**
 * Rewrites typed object literals, `Object.spec{replicas: 3}` and `JSONPatch{op: "add"}`, to map literals with quoted
 * keys, which is what the expression library knows. An optional field `?a: x` becomes the key `"?a"`, which
 * `fromCelValue` resolves. Everything else stays as it is.
 */
export function withoutObjectLiterals(expression: string): string {
  const tokens = expression.match(TOKEN) ?? [];
  const braces: Brace[] = [];
  let output = "";
  /** A path of names such as `Object.spec`, held back until it is known whether a brace follows. */
  let path = "";
  let atKey = false;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    if (/^\s/.test(token) || token.startsWith("//")) {
      if (path === "") output += token;
      continue;
    }
    if (atKey && braces.at(-1) === "object") {
      const optional = token === "?";
      const name = optional ? (tokens[++index] ?? "") : token;
      if (/^[A-Za-z_]/.test(name)) {
        output += JSON.stringify(`${optional ? "?" : ""}${name.replace(/^__(.+)__$/, "$1")}`);
        atKey = false;
        continue;
      }
    }
    atKey = false;
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(token) || (token === "." && path !== "")) {
      path = token === "." || path.endsWith(".") ? path + token : `${flush()}${token}`;
      continue;
    }
    if (token === "{") {
      const typed = TYPED.test(path);
      if (!typed) output += flush();
      path = "";
      braces.push(typed ? "object" : "map");
      output += token;
      atKey = true;
      continue;
    }
    output += flush();
    if (token === "(" || token === "[") braces.push("other");
    if (token === ")" || token === "]" || token === "}") braces.pop();
    output += token;
    atKey = token === ",";
  }
  return output + flush();

  function flush(): string {
    const held = path;
    path = "";
    if (held === "") return "";
    // Two words in a row (`a in b`) must stay apart; blanks behind a held path were dropped.
    return /[A-Za-z0-9_]$/.test(held) ? `${held} ` : held;
  }
}

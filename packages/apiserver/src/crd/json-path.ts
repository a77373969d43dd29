/** One step into a value: all that it leads to. */
type Step = (value: unknown) => readonly unknown[];

const TOKEN =
  /\.?\[\?\(\s*@([^)=!<>\s]*)\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([^)\s]+))\s*\)\]|\.?\[(?:'([^']*)'|"([^"]*)"|(\*)|(-?\d+))\]|\.(\*)|\.([^.[\]]+)/y;

/**
 * Compiles the simple JSONPath of CustomResourceDefinitions: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`,
 * `.spec.ports[0]`, `.metadata.annotations['a\.b']`. Answers a function from an object to the values that it finds.
 *
 * Errors: throws for text that is no such path.
 */
export function compileJsonPath(text: string): (object: unknown) => readonly unknown[] {
  // A backslash before a dot makes the dot part of a name; a private character stands for it meanwhile.
  const path = text
    .trim()
    .replace(/^\$/, "")
    .replaceAll(String.raw`\.`, "\uE000");
  const steps: Step[] = [];
  // A copy: conditions inside the path are compiled on the way.
  const token = new RegExp(TOKEN);
  while (token.lastIndex < path.length) {
    const at = token.lastIndex;
    const match = token.exec(path);
    if (match === null) throw new Error(`invalid JSONPath ${JSON.stringify(text)} at ${at}`);
    steps.push(stepOf(match));
  }
  return (object) => steps.reduce<readonly unknown[]>((values, step) => values.flatMap(step), [object]);
}

function stepOf(match: RegExpExecArray): Step {
  const [, filter, operator, double, single, bare, quoted, doubleQuoted, star, index, dotStar, name] = match;
  if (filter !== undefined) {
    const inner = compileJsonPath(filter);
    const wanted = double ?? single ?? bare ?? "";
    return (value) => children(value).filter((child) => inner(child).some((found) => String(found) === wanted) === (operator === "=="));
  }
  if (star !== undefined || dotStar !== undefined) return children;
  if (index !== undefined) return (value) => (Array.isArray(value) ? present(value.at(Number(index))) : []);
  const key = (quoted ?? doubleQuoted ?? name ?? "").replaceAll("\uE000", ".");
  return (value) =>
    typeof value === "object" && value !== null && Object.hasOwn(value, key) ? present((value as Record<string, unknown>)[key]) : [];
}

function present(value: unknown): readonly unknown[] {
  return value === undefined ? [] : [value];
}

function children(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}

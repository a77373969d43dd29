import { RE2JS } from "re2js";

/** Patterns come from users and from objects; past this many the oldest compiled one is forgotten. */
const MAX_COMPILED = 500;
const compiled = new Map<string, RE2JS>();

/** A compiled RE2 pattern, whose matching takes time in proportion to the text. Errors: throws when it is no pattern. */
export function linearPattern(source: string): RE2JS {
  let pattern = compiled.get(source);
  if (pattern === undefined) {
    pattern = RE2JS.compile(source);
    compiled.set(source, pattern);
    if (compiled.size > MAX_COMPILED) compiled.delete(compiled.keys().next().value ?? "");
  }
  return pattern;
}

/** Every match of the pattern in the text, at most `limit` of them (negative: all). */
export function findAll(text: string, source: string, limit: number): string[] {
  const matcher = linearPattern(source).matcher(text);
  const found: string[] = [];
  const wanted = limit < 0 ? Number.POSITIVE_INFINITY : limit;
  while (found.length < wanted && matcher.find()) found.push(matcher.group() ?? "");
  return found;
}

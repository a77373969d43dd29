import { dirname, join } from "node:path";
import type { SourceFile } from "./source-files.ts";

/** One import or re-export of a module: static, or by a call with a constant name. */
export interface ImportedModule {
  /** As written: `./plan.ts`, `#shared/log.ts`, `@skiff/api/testing`, `node:fs`, `ws`. */
  readonly specifier: string;
  /** The names that are taken, as the imported module calls them; `*` for all of them. */
  readonly names: readonly string[];
  /** Whether the names are passed on (`export … from`). */
  readonly isReexport: boolean;
}

/** Every import and re-export of a file. Text in template strings that looks like code counts as code. */
export function importedModules(text: string): ImportedModule[] {
  const statements = text.matchAll(/^\s*(import|export)\s+(?:type\s+)?([^;"'`()]*?)\s*from\s+"([^"\n]+)"/gm);
  const calls = text.matchAll(/(?:\{([^{}]*)\}\s*=\s*(?:await\s+)?|\b)import\("([^"\n]+)"\)/g);
  const bare = text.matchAll(/^import\s+"([^"\n]+)"/gm);
  return [
    ...Array.from(statements, ([, verb, clause = "", specifier = ""]) => ({
      specifier,
      names: namesOfClause(clause),
      isReexport: verb === "export",
    })),
    ...Array.from(calls, ([, clause, specifier = ""]) => ({
      specifier,
      names: clause === undefined ? ["*"] : namesOfClause(`{${clause}}`),
      isReexport: false,
    })),
    ...Array.from(bare, ([, specifier = ""]) => ({ specifier, names: [], isReexport: false })),
  ];
}

function namesOfClause(clause: string): string[] {
  if (clause.includes("*")) return ["*"];
  const [, listed] = /\{([^}]*)\}/.exec(clause) ?? [];
  const names = (listed ?? "").split(",").map((part) =>
    part
      .trim()
      .replace(/^type\s+/, "")
      .replace(/\s+as\s.*|:.*/s, ""),
  );
  const isDefault = /^[\w$]/.test(clause);
  return [...names.filter((name) => name !== ""), ...(isDefault ? ["default"] : [])];
}

/** The names that a file declares and exports itself. */
export function exportedNames(text: string): string[] {
  const declarations = text.matchAll(
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) ([A-Za-z_$][\w$]*)/gm,
  );
  return Array.from(declarations, (match) => match[1] ?? "");
}

/** The file that an import within the repository leads to, relative to the repository; `undefined` for packages. */
export function importedPath(from: SourceFile, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return join(dirname(from.path), specifier);
  const [, part, rest] = /^#([a-z-]+)\/(.+)$/.exec(specifier) ?? [];
  if (part === undefined || rest === undefined) return undefined;
  return join(from.path.split("/").slice(0, 2).join("/"), part, "src", rest);
}

/** The npm package that an import names, without the door: `@skiff/api`; `undefined` for files and for Node's own. */
export function importedPackage(specifier: string): string | undefined {
  if (/^[.#]|^node:/.test(specifier)) return undefined;
  return /^(?:@[a-z0-9-]+\/)?[a-z0-9][a-z0-9._-]*/.exec(specifier)?.[0];
}

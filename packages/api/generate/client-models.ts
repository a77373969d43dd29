import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** One field of a model of `@kubernetes/client-node`. */
export interface ModelField {
  /** The name on the wire. */
  readonly name: string;
  /** As the client writes it: `string`, `Array<V1Container>`, `{ [key: string]: string; }`, `Date`, `IntOrString`, `any`. */
  readonly type: string;
  readonly format: string;
  readonly required: boolean;
  readonly description: string;
}

/** One model: a class of `@kubernetes/client-node`, such as `V1Pod`. */
export interface Model {
  readonly className: string;
  readonly description: string;
  readonly fields: readonly ModelField[];
}

/** The folder of the installed client. */
export function clientFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve("@kubernetes/client-node")), "..");
}

function commentText(comment: string | undefined): string {
  return (comment ?? "")
    .replace(/^\s*\/\*\*\s*|\s*\*\/\s*$/g, "")
    .replace(/^\s*\*\s?/gm, "")
    .replace(/\\(['"\\])/g, "$1")
    .trim();
}

/** Reads every model of the installed client: types and formats from the code, the rest from the declarations. */
export function readModels(): Map<string, Model> {
  const folder = join(clientFolder(), "dist/gen/models");
  const models = new Map<string, Model>();
  // The folder also holds models of earlier releases; the ones in use are those that `all` exports.
  const exported = readFileSync(join(folder, "all.d.ts"), "utf8").matchAll(/models\/(\w+)\.js/g);
  const classNames = [...new Set(Array.from(exported, (match) => match[1] ?? ""))].filter((name) => name !== "ObjectSerializer").sort();
  for (const className of classNames) {
    const declaration = readFileSync(join(folder, `${className}.d.ts`), "utf8");
    const code = readFileSync(join(folder, `${className}.js`), "utf8");
    const map = /attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(code)?.[1] ?? /attributeTypeMap = (\[\]);/.exec(code)?.[1];
    if (map === undefined) throw new Error(`${className}: no attribute map in the client's code`);
    const attributes = JSON.parse(map) as { name: string; baseName: string; type: string; format: string }[];
    const body = declaration.slice(declaration.indexOf("export declare class"));
    const header = declaration.slice(0, declaration.indexOf("export declare class"));
    const description = commentText(/\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(header)?.[0]);
    const fields = attributes.map((attribute): ModelField => {
      const escaped = attribute.name.replace(/[$]/g, "\\$&");
      const found = new RegExp(`(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\s*)?'${escaped}'(\\??):`).exec(body);
      if (found === null) throw new Error(`${className}.${attribute.name}: not in the client's declarations`);
      return {
        name: attribute.baseName,
        type: attribute.type,
        format: attribute.format,
        required: found[2] === "",
        description: commentText(found[1]),
      };
    });
    models.set(className, { className, description, fields });
  }
  return models;
}

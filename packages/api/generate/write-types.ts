import type { Model } from "./client-models.ts";
import { HAND_WRITTEN, typeName } from "./type-names.ts";

function docComment(text: string, indent: string): string {
  if (text === "") return "";
  return `${indent}/** ${text.replace(/\*\//g, "*∕").replace(/\s*\n\s*/g, " ")} */\n`;
}

/** Our interfaces for the models: JSON forms, times as text. */
export function writeTypes(models: ReadonlyMap<string, Model>): string {
  const all = new Set(models.keys());
  const names = new Map([...all].map((className) => [className, HAND_WRITTEN.get(className) ?? typeName(className, all)]));
  const clash = [...names.values()].find((name, index, list) => list.indexOf(name) !== index);
  if (clash !== undefined) throw new Error(`two models would both be called ${clash}`);

  const typeText = (type: string): string => {
    const array = /^Array<(.*)>$/.exec(type)?.[1];
    if (array !== undefined) return `${typeText(array)}[]`;
    const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
    if (map !== undefined) return `Record<string, ${typeText(map)}>`;
    if (type === "Date" || type === "V1MicroTime") return "string";
    if (type === "IntOrString") return "IntOrString";
    if (type === "any") return "unknown";
    return names.get(type) ?? type;
  };

  const parts = [
    "// Written by generate.ts from the models of @kubernetes/client-node; do not edit.",
    'import type { ListMeta, ManagedFieldsEntry, ObjectMeta, OwnerReference } from "../object.ts";',
    'import type { Status, StatusCause, StatusDetails } from "../status.ts";',
    "",
    "/** A number, or text such as a port's name or a percentage. */",
    "export type IntOrString = number | string;",
    "",
    "export type { ListMeta, ManagedFieldsEntry, ObjectMeta, OwnerReference, Status, StatusCause, StatusDetails };",
    "",
  ];
  for (const model of models.values()) {
    if (HAND_WRITTEN.has(model.className)) continue;
    const fields = model.fields.map(
      (field) =>
        `${docComment(field.description, "  ")}  ${JSON.stringify(field.name)}${field.required ? "" : "?"}: ${typeText(field.type)};\n`,
    );
    parts.push(`${docComment(model.description, "")}export interface ${names.get(model.className)} {\n${fields.join("")}}\n`);
  }
  return parts.join("\n");
}

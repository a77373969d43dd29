import type { JsonObject, JsonValue } from "@skiff/api";
import { KubectlError } from "../kubectl-error.ts";

/** `a=b,c=d` as labels. Errors: {@link KubectlError} for a part without `=`. */
export function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const part of text.split(",").filter((one) => one !== "")) {
    const equals = part.indexOf("=");
    if (equals <= 0) throw new KubectlError(`unexpected label spec: ${part}`);
    labels[part.slice(0, equals)] = part.slice(equals + 1);
  }
  return labels;
}

/** `NAME=value` words as environment variables. */
export function parseEnv(words: readonly string[]): JsonValue[] {
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals <= 0) throw new KubectlError(`invalid env: ${word}`);
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

/** A name for a container from its image: `registry/path/app:1` gives `app`. */
export function containerName(image: string): string {
  const last = image.slice(image.lastIndexOf("/") + 1);
  return last.replace(/[:@].*$/, "").replace(/_/g, "-");
}

/** A container with what is not empty. */
export function containerOf(name: string, image: string, rest: JsonObject = {}): JsonObject {
  const kept = Object.entries(rest).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  return { name, image, ...(Object.fromEntries(kept) as JsonObject), resources: {} };
}

import type { Container, LabelSelector, PodTemplateSpec } from "../generated/types.ts";
import { ageSince } from "../human-duration.ts";
import type { Column } from "../kind.ts";
import type { KubeObject } from "../object.ts";
import { selectorFromLabelSelector } from "../selector.ts";

/** Shown where there is nothing. */
export const NONE = "<none>";

/** The age column that nearly every kind ends with. */
export const ageColumn: Column = {
  name: "Age",
  type: "string",
  description:
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
  value: (object, nowMs) => ageSince(object.metadata?.creationTimestamp, nowMs),
};

/** The time of creation itself, which a few kinds show instead of their age. */
export const createdAtColumn: Column = {
  name: "Created At",
  type: "string",
  description: ageColumn.description,
  value: (object) => object.metadata?.creationTimestamp ?? "<unknown>",
};

/** The name, for kinds whose columns do not begin with it or that add something to it. */
export function nameColumn<T extends KubeObject>(priority = 0, suffix: (object: T) => string = () => ""): Column<T> {
  return {
    name: "Name",
    type: "string",
    format: "name",
    priority,
    description:
      "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names",
    value: (object) => `${object.metadata?.name ?? ""}${suffix(object)}`,
  };
}

/** A column of text. */
export function textColumn<T extends KubeObject>(
  name: string,
  description: string,
  value: (object: T, nowMs: number) => string | undefined,
  priority = 0,
): Column<T> {
  return { name, type: "string", description, priority, value: (object, nowMs) => value(object, nowMs) ?? "" };
}

/** A column of whole numbers; absent ones are 0. */
export function numberColumn<T extends KubeObject>(
  name: string,
  description: string,
  value: (object: T) => number | undefined,
  priority = 0,
): Column<T> {
  return { name, type: "integer", description, priority, value: (object) => value(object) ?? 0 };
}

/** A column of true and false; absent ones are false. */
export function booleanColumn<T extends KubeObject>(
  name: string,
  description: string,
  value: (object: T) => boolean | undefined,
): Column<T> {
  return { name, type: "boolean", description, value: (object) => value(object) ?? false };
}

/** Labels as text: `a=b,c=d`. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? NONE : pairs.map(([key, value]) => `${key}=${value}`).join(",");
}

/** A selector as text. */
export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return NONE;
  try {
    return selectorFromLabelSelector(selector).toString() || NONE;
  } catch {
    return "<error>";
  }
}

/** The three wide columns of everything that makes Pods from a template. */
export function templateColumns<T extends KubeObject>(
  template: (object: T) => PodTemplateSpec | undefined,
  selector?: (object: T) => string,
): Column<T>[] {
  const containers = (object: T): Container[] => template(object)?.spec?.containers ?? [];
  const columns: Column<T>[] = [
    textColumn(
      "Containers",
      "Names of each container in the template.",
      (object) =>
        containers(object)
          .map(({ name }) => name)
          .join(","),
      1,
    ),
    textColumn(
      "Images",
      "Images referenced by each container in the template.",
      (object) =>
        containers(object)
          .map(({ image }) => image ?? "")
          .join(","),
      1,
    ),
  ];
  if (selector !== undefined) columns.push(textColumn("Selector", "Label selector for pods.", selector, 1));
  return columns;
}

/** The first `max` items, and how many more there are. */
export function clipped(items: readonly string[], max = 3, empty = NONE): string {
  if (items.length === 0) return empty;
  const shown = items.slice(0, max).join(",");
  return items.length > max ? `${shown} + ${items.length - max} more...` : shown;
}

import type { JsonObject } from "@skiff/api";
import type { Command } from "../command.ts";
import { changeObjects, podSpecOf } from "../changed-objects.ts";
import { ALL_NAMESPACES, FILE_FLAGS, OUTPUT_FLAGS, SELECTOR_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError } from "../kubectl-error.ts";
import type { Session } from "../session.ts";

const FLAGS: Command["flags"] = {
  ...FILE_FLAGS,
  ...OUTPUT_FLAGS,
  ...WRITE_FLAGS,
  selector: SELECTOR_FLAGS.selector!,
  ...ALL_NAMESPACES,
  all: { type: "bool", help: "Select all resources in the namespace of the specified resource types" },
  local: { type: "bool", help: "Not used", hidden: true },
};

/** Changes the containers of every object that is picked; those of the Pod template, init containers included. */
async function changeContainers(
  session: Session,
  manager: string,
  words: readonly string[],
  outcome: string,
  change: (container: JsonObject) => boolean,
): Promise<void> {
  await changeObjects(
    session,
    manager,
    ({ object, name, resource }) => {
      const copy = structuredClone(object);
      const spec = podSpecOf(copy);
      if (spec === undefined) throw new KubectlError(`${resource.plural} "${name}" has no pod template`);
      let found = false;
      for (const list of [spec.initContainers, spec.containers])
        for (const container of (list ?? []) as JsonObject[]) found = change(container) || found;
      if (!found) throw new KubectlError(`unable to find container named in ${resource.plural}/${name}`);
      return { object: copy, outcome };
    },
    { words, all: session.flags.bool("all"), silentWhenSame: true },
  );
}

const containerNameOf = ({ name }: JsonObject): string => (typeof name === "string" ? name : "");

const isPair = (word: string): boolean => word.includes("=");

const image: Command = {
  name: "set image",
  summary: "Update the image of a pod template",
  usage: "(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N [options]",
  flags: FLAGS,
  async run(session) {
    const pairs = new Map(
      session.flags.args.filter(isPair).map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
    );
    if (pairs.size === 0) throw new KubectlError("at least one image update is required");
    const words = session.flags.args.filter((word) => !isPair(word));
    await changeContainers(session, "kubectl-set", words, "image updated", (container) => {
      const wanted = pairs.get(containerNameOf(container)) ?? pairs.get("*");
      if (wanted !== undefined) container.image = wanted;
      return wanted !== undefined;
    });
  },
};

const env: Command = {
  name: "set env",
  summary: "Update environment variables on a pod template",
  usage: "RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N [options]",
  flags: {
    ...FLAGS,
    containers: {
      short: "c",
      type: "string",
      default: "*",
      help: "The names of containers in the selected pod templates to change - may use wildcards",
    },
    env: { short: "e", type: "array", help: "Specify a key-value pair for an environment variable to set into each container." },
    list: { type: "bool", help: "Not done; use kubectl.", hidden: true },
  },
  async run(session) {
    const { flags } = session;
    const changes = [...flags.args.filter((word) => isPair(word) || /^[A-Za-z_.-][\w.-]*-$/.test(word)), ...flags.list("env")];
    const words = flags.args.filter((word) => !changes.includes(word));
    if (changes.length === 0) throw new KubectlError("at least one environment variable must be provided");
    const wanted = new RegExp(
      `^${flags
        .text("containers")
        .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
        .replaceAll("*", ".*")}$`,
    );
    await changeContainers(session, "kubectl-set", words, "env updated", (container) => {
      if (!wanted.test(containerNameOf(container))) return false;
      let list = [...((container.env ?? []) as JsonObject[])];
      for (const one of changes) {
        const equals = one.indexOf("=");
        const name = equals < 0 ? one.slice(0, -1) : one.slice(0, equals);
        if (equals < 0) list = list.filter((variable) => variable.name !== name);
        else if (list.some((variable) => variable.name === name))
          list = list.map((variable) => (variable.name === name ? { name, value: one.slice(equals + 1) } : variable));
        else list.push({ name, value: one.slice(equals + 1) });
      }
      container.env = list;
      return true;
    });
  },
};

const resources: Command = {
  name: "set resources",
  summary: "Update resource requests/limits on objects with pod templates",
  usage: "(-f FILENAME | TYPE NAME) ([--limits=LIMITS & --requests=REQUESTS] [options]",
  flags: {
    ...FLAGS,
    containers: { short: "c", type: "string", default: "*", help: "The names of containers in the selected pod templates to change." },
    limits: { type: "string", help: "The resource requirement requests for this container." },
    requests: { type: "string", help: "The resource requirement requests for this container." },
  },
  async run(session) {
    const { flags } = session;
    const parse = (text: string): JsonObject =>
      Object.fromEntries(
        text
          .split(",")
          .filter((pair) => pair !== "")
          .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
      );
    if (!flags.has("limits") && !flags.has("requests"))
      throw new KubectlError("you must specify an update to requests or limits (in the form of --requests/--limits)");
    await changeContainers(session, "kubectl-set", flags.args, "resource requirements updated", (container) => {
      if (flags.text("containers") !== "*" && flags.text("containers") !== container.name) return false;
      const now = (container.resources ?? {}) as JsonObject;
      container.resources = {
        ...now,
        ...(flags.has("limits") ? { limits: { ...(now.limits as JsonObject | undefined), ...parse(flags.text("limits")) } } : {}),
        ...(flags.has("requests") ? { requests: { ...(now.requests as JsonObject | undefined), ...parse(flags.text("requests")) } } : {}),
      };
      return true;
    });
  },
};

/** `kubectl set …`. */
export const setCommands: readonly Command[] = [env, image, resources];

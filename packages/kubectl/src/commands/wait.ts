import { sleep } from "@skiff/base";
import { isStatus, type JsonObject, type JsonValue, type KubeObject } from "@skiff/api";
import type { Command } from "../command.ts";
import { ALL_NAMESPACES, FILE_FLAGS, OUTPUT_FLAGS, SELECTOR_FLAGS } from "../global-flags.ts";
import { KubectlError, throwAll } from "../kubectl-error.ts";
import { JsonPath, printed, relaxedPath } from "../printers/json-path.ts";
import { objectPrinter } from "../printers/object-printer.ts";
import { objectName, selectObjects, type SelectedObject } from "../selected-objects.ts";
import type { Session } from "../session.ts";

const POLL_MS = 250;
/** A negative `--timeout`: a week, as kubectl. */
const LONGEST_WAIT_MS = 168 * 3_600_000;

type Condition = (object: KubeObject & JsonObject) => boolean;

/** `kubectl wait`. */
export const waitCommand: Command = {
  name: "wait",
  summary: "Experimental: Wait for a specific condition on one or many resources",
  usage:
    "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]] [options]",
  flags: {
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    ...SELECTOR_FLAGS,
    ...ALL_NAMESPACES,
    all: { type: "bool", help: "Select all resources in the namespace of the specified resource types" },
    for: {
      type: "string",
      help: "The condition to wait on: [create|delete|condition=condition-name[=condition-value]|jsonpath='{JSONPath expression}'=[JSONPath value]].",
    },
    local: { type: "bool", help: "Not used", hidden: true },
    timeout: {
      type: "string",
      default: "30s",
      help: "The length of time to wait before giving up. Zero means check once and don't wait, negative means wait for a week.",
    },
  },
  async run(session) {
    const { flags, io } = session;
    const { clock } = io.host;
    const wanted = flags.text("for");
    const limitMs = flags.durationMs("timeout");
    const endMs = clock.monotonic() + (limitMs < 0 ? LONGEST_WAIT_MS : limitMs);
    const isDelete = wanted.toLowerCase() === "delete";
    const isCreate = wanted.toLowerCase() === "create";
    const fulfilled = isDelete || isCreate ? undefined : conditionOf(wanted);
    const selected = await selectWaiting(session, isCreate, isDelete, endMs);
    if (selected.length === 0) {
      if (isDelete) return;
      throw new KubectlError("no matching resources found");
    }
    const errors: unknown[] = [];
    for (const one of selected) {
      try {
        const object = await waitFor(session, one, fulfilled, isDelete, endMs);
        const printer = await objectPrinter(session, flags);
        session.io.stdout(printer?.print(object, objectName(one)) ?? `${objectName(one)} condition met\n`);
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
};

/** The objects; with `--for=create` this waits until there are any. */
async function selectWaiting(session: Session, isCreate: boolean, isDelete: boolean, endMs: number): Promise<SelectedObject[]> {
  const { clock } = session.io.host;
  for (;;) {
    const errors: unknown[] = [];
    const selected = await selectObjects(session, session.flags, { all: session.flags.bool("all"), errors });
    const missing = errors.filter((error) => isStatus(error, "NotFound"));
    const other = errors.filter((error) => !isStatus(error, "NotFound"));
    throwAll(other);
    if (!isCreate) {
      if (!isDelete) throwAll(missing);
      return selected;
    }
    if (missing.length === 0 && selected.length > 0) return selected;
    if (clock.monotonic() >= endMs) throw new KubectlError("timed out waiting for the condition");
    await sleep(clock, POLL_MS, session.io.signal);
  }
}

async function waitFor(
  session: Session,
  one: SelectedObject,
  fulfilled: Condition | undefined,
  isDelete: boolean,
  endMs: number,
): Promise<KubeObject & JsonObject> {
  const { clock } = session.io.host;
  let object = one.object;
  for (;;) {
    if (!isDelete && (fulfilled === undefined || fulfilled(object))) return object;
    if (clock.monotonic() >= endMs) throw new KubectlError(`timed out waiting for the condition on ${one.resource.plural}/${one.name}`);
    if (!isDelete || object !== one.object) await sleep(clock, POLL_MS, session.io.signal);
    try {
      const now = await session.get(one.resource, one.namespace, one.name);
      if (isDelete && now.metadata?.uid !== one.object.metadata?.uid) return one.object;
      object = now;
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
      if (isDelete) return object;
      throw error;
    }
  }
}

function conditionOf(text: string): Condition {
  const [, kind = "", rest = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (kind === "condition") {
    const [name = "", value = "true"] = rest.split("=");
    return ({ status, metadata }) => {
      const { conditions, observedGeneration } = (status ?? {}) as {
        conditions?: { type?: string; status?: string; observedGeneration?: number }[];
        observedGeneration?: number;
      };
      const condition = conditions?.find(({ type }) => type?.toLowerCase() === name.toLowerCase());
      const observed = condition?.observedGeneration ?? observedGeneration;
      if (observed !== undefined && observed < (metadata?.generation ?? 0)) return false;
      return condition?.status?.toLowerCase() === value.toLowerCase();
    };
  }
  if (kind === "jsonpath") {
    const [, path = "", value] = /^('?\{.*?\}'?)(?:=(.*))?$/s.exec(rest) ?? /^([^=]+)(?:=(.*))?$/s.exec(rest) ?? [];
    const query = new JsonPath(relaxedPath(path.replace(/^'|'$/g, "")), { allowMissing: true });
    return (object) => {
      const values = query.find(object as JsonValue);
      if (value === undefined) return values.length > 0 && !values.every((one) => one === null || one === "");
      return values.length === 1 && printed(values[0] as JsonValue) === value.replace(/^'|'$/g, "");
    };
  }
  throw new KubectlError(`unrecognized condition: "${text}"`);
}

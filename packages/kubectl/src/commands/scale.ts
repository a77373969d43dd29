import { sleep } from "@skiff/base";
import { isStatus, type JsonObject, type KubeObject } from "@skiff/api";
import type { Command } from "../command.ts";
import { dryRunOf } from "../dry-run.ts";
import { ALL_NAMESPACES, FILE_FLAGS, OUTPUT_FLAGS, SELECTOR_FLAGS, WRITE_FLAGS } from "../global-flags.ts";
import { KubectlError, throwAll } from "../kubectl-error.ts";
import { objectName, selectObjects } from "../selected-objects.ts";
import { patchObject, WriteReport } from "../written-objects.ts";

const POLL_MS = 500;

/** `kubectl scale`. */
export const scaleCommand: Command = {
  name: "scale",
  summary: "Set a new size for a deployment, replica set, or replication controller",
  usage: "[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME) [options]",
  flags: {
    ...FILE_FLAGS,
    ...OUTPUT_FLAGS,
    ...WRITE_FLAGS,
    selector: SELECTOR_FLAGS.selector!,
    ...ALL_NAMESPACES,
    all: { type: "bool", help: "Select all resources in the namespace of the specified resource types" },
    "current-replicas": { type: "string", default: "-1", help: "Precondition for current size." },
    replicas: { type: "string", default: "-1", help: "The new desired number of replicas. Required." },
    "resource-version": { type: "string", help: "Precondition for resource version." },
    timeout: {
      type: "string",
      default: "0s",
      help: "The length of time to wait before giving up on a scale operation, zero means don't wait.",
    },
  },
  async run(session) {
    const { flags, io } = session;
    const replicas = flags.integer("replicas");
    if (!flags.has("replicas")) throw new KubectlError('required flag(s) "replicas" not set');
    if (replicas < 0) throw new KubectlError("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
    const expected = flags.integer("current-replicas");
    const report = new WriteReport(session);
    const errors: unknown[] = [];
    const selected = await selectObjects(session, flags, { errors, all: flags.bool("all") });
    if (selected.length === 0 && errors.length === 0) throw new KubectlError("no objects passed to scale");
    for (const one of selected) {
      try {
        const { resource, namespace, name } = one;
        const scale = (await session.request(resource, { namespace, name, subresource: "scale" })) as KubeObject & {
          spec?: { replicas?: number };
        };
        const current = scale.spec?.replicas ?? 0;
        if (expected >= 0 && current !== expected) throw new KubectlError(`Expected replicas to be ${expected}, was ${current}`);
        const version = flags.maybe("resource-version");
        const patch: JsonObject = { ...(version ? { metadata: { resourceVersion: version } } : {}), spec: { replicas } };
        if (dryRunOf(flags) !== "client")
          await patchObject(session, one, patch, { type: "merge", manager: "kubectl-scale", subresource: "scale" });
        const limitMs = flags.durationMs("timeout");
        const endMs = io.host.clock.monotonic() + limitMs;
        const waits = limitMs > 0 && dryRunOf(flags) === "none";
        for (let settled = !waits; !settled;) {
          const now = (await session.request(resource, { namespace, name, subresource: "scale" })) as { status?: { replicas?: number } };
          settled = now.status?.replicas === replicas;
          if (settled) break;
          if (io.host.clock.monotonic() >= endMs) throw new KubectlError(`timed out waiting for "${objectName(one)}" to be synced`);
          await sleep(io.host.clock, POLL_MS, io.signal);
        }
        const shown = flags.text("output") === "" ? one.object : await session.get(resource, namespace, name);
        await report.report(one, shown, "scaled");
      } catch (error) {
        errors.push(
          isStatus(error, "NotFound") && error.status.details?.name !== one.name
            ? new KubectlError(`the server could not find the requested resource (${one.resource.plural} cannot be scaled)`, {
                cause: error,
              })
            : error,
        );
      }
    }
    throwAll(errors);
  },
};

import { sleep, type Host } from "@skiff/base";
import type { LifecycleHandler } from "@skiff/api";
import type { ContainerRuntime } from "./container-runtime.ts";
import { httpRequest, type ProbeTarget } from "./probe-attempt.ts";
import type { ProbeTransport } from "./probe-transport.ts";

/** A hook that is given no time of its own may take so long; the Pod's grace period ends a `preStop` sooner. */
const HOOK_LIMIT_SECONDS = 3600;

/** What hooks are run with. */
export interface HookParts {
  readonly host: Pick<Host, "clock">;
  readonly runtime: Pick<ContainerRuntime, "execSync">;
  readonly transport: ProbeTransport;
}

/**
 * Runs a lifecycle hook to its end, or until `signal` is aborted.
 *
 * Errors: rejects when the command fails, the request gets no answer, or the signal is aborted.
 */
export async function runHook(parts: HookParts, handler: LifecycleHandler, target: ProbeTarget, signal: AbortSignal): Promise<void> {
  if (handler.sleep) return sleep(parts.host.clock, handler.sleep.seconds * 1000, signal);
  await untilAborted(runHandler(parts, handler, target), signal);
}

async function runHandler(parts: HookParts, handler: LifecycleHandler, target: ProbeTarget): Promise<void> {
  if (handler.exec) {
    const command = handler.exec.command ?? [];
    const { exitCode, stdout, stderr } = await parts.runtime.execSync(target.containerId, command, HOOK_LIMIT_SECONDS);
    if (exitCode === 0) return;
    const output = Buffer.concat([stdout, stderr]).toString("utf8", 0, 1024);
    throw new Error(`command '${command.join(" ")}' exited with ${exitCode}: ${output}`);
  }
  if (handler.httpGet) {
    const request = httpRequest(handler.httpGet, target, HOOK_LIMIT_SECONDS * 1000);
    const attempt = await parts.transport.httpGet(request);
    // Any answer counts as delivered; only its absence is a failure. Status codes show in the message alone.
    if (attempt.result !== "success" && !attempt.message.startsWith("HTTP probe failed")) throw new Error(attempt.message);
    return;
  }
  throw new Error("invalid handler: the hook has no action");
}

function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

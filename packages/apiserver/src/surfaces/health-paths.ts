import { messageOf } from "@skiff/base";
import type { Reply } from "../reply.ts";
import type { RequestContext } from "../request-context.ts";
import type { PathHandler } from "./path-handler.ts";
import { requireRead, unknownPath } from "./read-only.ts";

/** Something that must be in order. */
export interface HealthCheck {
  /** A path segment. */
  readonly name: string;
  /** Answers what is wrong, or `undefined`. It may throw instead; the text goes into the log only. */
  readonly problem: () => string | undefined | Promise<string | undefined>;
}

/**
 * `/healthz`, `/livez` or `/readyz`: 200 when every check is in order, else 500. `?verbose` lists the checks, `?exclude=x`
 * leaves one out, and `/readyz/x` is about one only.
 */
export function createHealthHandler(endpoint: "healthz" | "livez" | "readyz", checks: readonly HealthCheck[]): PathHandler {
  return async (context) => {
    requireRead(context);
    const [, only, ...rest] = context.route.segments;
    if (rest.length > 0) throw unknownPath();
    const all = [...coreChecks(context), ...checks];
    if (only !== undefined) {
      const check = all.find(({ name }) => name === only);
      if (check === undefined) throw unknownPath();
      const problem = await run(check);
      return problem === undefined ? plain(200, "ok") : plain(500, `internal server error: ${problem}\n`);
    }
    return answer(context, endpoint, all);
  };
}

async function answer(context: RequestContext, endpoint: string, checks: readonly HealthCheck[]): Promise<Reply> {
  const excluded = new Set(context.request.query.all("exclude"));
  const lines: string[] = [];
  const failed: string[] = [];
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    const problem = await run(check);
    if (problem !== undefined) {
      failed.push(check.name);
      context.core.host.log.warn("a health check failed", { endpoint, check: check.name, problem });
    }
    lines.push(problem === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`);
  }
  if (excluded.size > 0)
    lines.push(
      `warn: some health checks cannot be excluded: no matches for ${[...excluded].map((name) => JSON.stringify(name)).join(", ")}`,
    );
  if (failed.length > 0) return plain(500, `${lines.join("\n")}\n${endpoint} check failed\n`);
  return plain(200, context.request.query.has("verbose") ? `${lines.join("\n")}\n${endpoint} check passed\n` : "ok");
}

function coreChecks({ core }: RequestContext): HealthCheck[] {
  return [
    { name: "ping", problem: () => undefined },
    { name: "etcd", problem: () => (core.registry.connected ? undefined : "the connection to the store is lost") },
  ];
}

async function run({ problem }: HealthCheck): Promise<string | undefined> {
  try {
    return await problem();
  } catch (error) {
    return messageOf(error);
  }
}

function plain(status: number, text: string): Reply {
  return { type: "text", status, contentType: "text/plain; charset=utf-8", text, headers: { "x-content-type-options": "nosniff" } };
}

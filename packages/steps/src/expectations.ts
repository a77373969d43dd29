import { readTables } from "./kubectl-table.ts";
import { must, type Outcome } from "./outcome.ts";
import type { StepCheck } from "./seed-plan.ts";
import type { World } from "./world.ts";

/** The headings of `kubectl get pods`. */
export const PODS = ["NAME", "READY", "STATUS", "RESTARTS", "AGE"];

/** Part of a check. */
export type Expectation = StepCheck["verify"];

/** A check of several parts, all of which must hold. The command must have ended with 0. */
export function expecting(...parts: readonly Expectation[]): StepCheck {
  return all([succeeds, ...parts]);
}

/** As {@link expecting}, for something that may take longer than a minute. */
export function expectingWithin(withinMs: number, ...parts: readonly Expectation[]): StepCheck {
  return { ...expecting(...parts), withinMs };
}

/** A check of a command that must be refused. */
export function refusing(...parts: readonly Expectation[]): StepCheck {
  return all([({ code }) => must(code !== 0, "the command succeeded, though it should be refused"), ...parts]);
}

function all(parts: readonly Expectation[]): StepCheck {
  return {
    async verify(outcome, world, step) {
      for (const part of parts) await part(outcome, world, step);
    },
  };
}

/** The command ended with 0. */
const succeeds: Expectation = ({ code, stderr, stdout }) => must(code === 0, `exit code ${code}\n${(stderr || stdout).trim()}`);

/** Each pattern is found in what was printed, in this order. */
export function prints(...patterns: readonly (string | RegExp)[]): Expectation {
  return ({ stdout, stderr }) => {
    const text = `${stdout}\n${stderr}`;
    let from = 0;
    for (const pattern of patterns) {
      const rest = text.slice(from);
      const found = typeof pattern === "string" ? plain(rest, pattern) : matchEnd(rest, pattern);
      must(found >= 0, `${String(pattern)} is not in what was printed${from === 0 ? "" : " after what comes before it"}:\n${text.trim()}`);
      from += found;
    }
  };
}

function plain(text: string, pattern: string): number {
  const at = text.indexOf(pattern);
  return at < 0 ? -1 : at + pattern.length;
}

function matchEnd(text: string, pattern: RegExp): number {
  const match = pattern.exec(text);
  return match === null ? -1 : match.index + match[0].length;
}

/** Nothing was printed on standard output. */
export const printsNothing: Expectation = ({ stdout }) => must(stdout.trim() === "", `printed: ${stdout.trim()}`);

/** What kubectl says of a thing that it wrote: `deployment "x" created` in the documents' time, `deployment.apps/x created` today. */
export function says(verb: string, ...things: readonly `${string}/${string}`[]): Expectation {
  return prints(
    ...things.map((thing) => {
      const [kind, name] = thing.split("/");
      return new RegExp(`^${kind}(\\.[a-z0-9.-]+)?(/${name}| "${name}") ${verb}`, "m");
    }),
  );
}

/** A row of a table: its cells by heading. */
export type RowPattern = Readonly<Record<string, string | RegExp>>;

/** What a table must look like. */
interface TablePattern {
  /** Headings that must be there, in this order; others may stand between them. */
  readonly headings?: readonly string[];
  /** Rows that must be there. A row of the table serves one of them only. */
  readonly rows?: readonly RowPattern[];
  /** How many rows there must be. */
  readonly count?: number;
}

/** One of the tables printed is like `pattern`. */
export function table(pattern: TablePattern): Expectation {
  return ({ stdout }) => {
    const problems = readTables(stdout).map(({ headings, rows }) => tableProblem(pattern, headings, rows));
    must(problems.includes(undefined), `${problems[0] ?? "no table"}:\n${stdout.trim()}`);
  };
}

function tableProblem(pattern: TablePattern, headings: readonly string[], rows: readonly RowPattern[]): string | undefined {
  let at = 0;
  for (const heading of pattern.headings ?? []) {
    at = headings.findIndex((found, index) => index >= at && plainHeading(found) === plainHeading(heading)) + 1;
    if (at === 0) return `no heading ${heading} (in its place)`;
  }
  if (pattern.count !== undefined && rows.length !== pattern.count) return `${rows.length} rows, not ${pattern.count}`;
  const left = [...rows];
  for (const row of pattern.rows ?? []) {
    const index = left.findIndex((candidate) => rowMatches(row, candidate));
    if (index < 0)
      return `no row with ${Object.entries(row)
        .map(([heading, cell]) => `${heading} ${String(cell)}`)
        .join(", ")}`;
    left.splice(index, 1);
  }
  return undefined;
}

/** Older versions wrote `ACCESSMODES` for `ACCESS MODES`. */
function plainHeading(heading: string): string {
  return heading.replaceAll(" ", "");
}

function rowMatches(pattern: RowPattern, row: RowPattern): boolean {
  return Object.entries(pattern).every(([heading, expected]) => {
    const cell = Object.entries(row).find(([name]) => plainHeading(name) === plainHeading(heading))?.[1];
    if (typeof cell !== "string") return false;
    return typeof expected === "string" ? cell === expected : expected.test(cell);
  });
}

/** Rows of Pods that run and are ready. */
export function runningPods(...names: readonly RegExp[]): RowPattern[] {
  return names.map((NAME) => ({ NAME, READY: /^([1-9]\d*)\/\1$/, STATUS: "Running" }));
}

/** Something holds in the cluster. */
export function inCluster(what: string, probe: (world: World) => Promise<boolean>): Expectation {
  return async (_outcome: Outcome, world) => must(await probe(world), what);
}

/** `kubectl get ARGS` finds the objects with these names, and no others if `only`. */
export function exist(args: string, ...names: readonly string[]): Expectation {
  return async (_outcome, world) => {
    const found = (await world.ok(`kubectl get ${args} -o jsonpath='{.items[*].metadata.name}'`)).split(" ");
    for (const name of names) must(found.includes(name), `kubectl get ${args} has no ${name}, only ${found.join(", ")}`);
  };
}

/** `kubectl get ARGS` finds none of the objects with these names, or nothing at all if no name is given. */
export function gone(args: string, ...names: readonly string[]): Expectation {
  return async (_outcome, world) => {
    const found = (await world.ok(`kubectl get ${args} -o jsonpath='{.items[*].metadata.name}'`)).split(" ").filter((name) => name !== "");
    const left = names.length === 0 ? found : found.filter((name) => names.includes(name));
    must(left.length === 0, `kubectl get ${args} still has ${left.join(", ")}`);
  };
}

/** A Deployment, StatefulSet or DaemonSet has this many ready Pods. */
export function ready(workload: string, replicas: number): Expectation {
  return async (_outcome, world) => {
    const { status } = await world.get<{ readonly status: Readonly<Record<string, number | undefined>> }>(workload);
    const count = status.readyReplicas ?? status.numberReady ?? 0;
    must(count === replicas, `${workload} has ${count} ready Pods, not ${replicas}`);
  };
}

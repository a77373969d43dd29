import { parseArgs } from "node:util";

/** What `npm run conformance` was asked to do. */
export interface ConformanceOptions {
  readonly focus?: RegExp;
  readonly skip?: RegExp;
  /** The cluster's name: runs of several checkouts can go side by side under different ones. */
  readonly name: string;
  readonly nodes: number;
  readonly parallel: number;
  /** Go on with the results of the run before: what passed is not run again. */
  readonly resume: boolean;
  /** Leave the cluster running afterwards; the next run uses it. */
  readonly keep: boolean;
}

/** How to use the command. */
export const USAGE = `npm run conformance -- [options]
  --focus REGEX   only conformance tests whose names match
  --skip REGEX    without those whose names match
  --name NAME     the cluster's name (default conformance)
  --nodes N       nodes of the cluster (default 2)
  --parallel N    how many tests run beside each other, where they may (default 2)
  --resume        go on with the last run's results: what passed is not run again
  --keep          leave the cluster running, for the next run`;

/** Reads the command line. Errors: throws an `Error` that says what is wrong. */
export function parseOptions(args: readonly string[]): ConformanceOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      focus: { type: "string" },
      skip: { type: "string" },
      name: { type: "string", default: "conformance" },
      nodes: { type: "string", default: "2" },
      parallel: { type: "string", default: "2" },
      resume: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
    },
  });
  return {
    ...(values.focus === undefined ? {} : { focus: new RegExp(values.focus) }),
    ...(values.skip === undefined ? {} : { skip: new RegExp(values.skip) }),
    name: values.name,
    nodes: positive("--nodes", values.nodes),
    parallel: positive("--parallel", values.parallel),
    resume: values.resume,
    keep: values.keep,
  };
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${flag} must be a whole number from 1 on, not ${JSON.stringify(text)}`);
  return value;
}

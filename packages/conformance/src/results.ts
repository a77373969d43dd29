/** How one test ended. */
export interface TestResult {
  /** As upstream names it: with its area in front (`[sig-apps] …`) and its marks behind (`… [Conformance]`). */
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  readonly seconds?: number;
  /** Why it failed or was skipped. */
  readonly message?: string;
  /** Where it failed, as `file:line`. */
  readonly location?: string;
}

/** A report of Ginkgo (`--json-report`), as far as results need it. */
interface GinkgoSuite {
  readonly SpecReports?: readonly GinkgoSpec[] | null;
}

interface GinkgoSpec {
  readonly ContainerHierarchyTexts?: readonly string[] | null;
  readonly LeafNodeType: string;
  readonly LeafNodeText: string;
  readonly State: string;
  /** Nanoseconds. */
  readonly RunTime?: number;
  readonly Failure?: {
    readonly Message?: string;
    readonly Location?: { readonly FileName?: string; readonly LineNumber?: number };
  };
}

const STATES: Readonly<Record<string, TestResult["state"]>> = {
  passed: "passed",
  failed: "failed",
  panicked: "failed",
  timedout: "failed",
  interrupted: "failed",
  aborted: "failed",
  skipped: "skipped",
};

/**
 * The results in a JSON report of Ginkgo. Tests that were not selected are left out; they are reported as skipped too,
 * but have no reason.
 *
 * Errors: throws a `SyntaxError` when the text is no JSON, for example because the run was broken off while writing it.
 */
export function parseReport(text: string): TestResult[] {
  const suites = JSON.parse(text) as readonly GinkgoSuite[];
  return suites.flatMap((suite) => suite.SpecReports ?? []).flatMap((spec) => resultOf(spec) ?? []);
}

function resultOf(spec: GinkgoSpec): TestResult | undefined {
  const state = STATES[spec.State];
  if (spec.LeafNodeType !== "It" || state === undefined) return undefined;
  const message = spec.Failure?.Message;
  if (state === "skipped" && !message) return undefined;
  const { FileName: file, LineNumber: line } = spec.Failure?.Location ?? {};
  return {
    name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(" "),
    state,
    seconds: Math.round((spec.RunTime ?? 0) / 1e8) / 10,
    ...(message ? { message } : {}),
    ...(file ? { location: `${file.replace(/^.*\/test\//, "test/")}:${line}` } : {}),
  };
}

/** The last result of each test: of `later` where that has one, with what only `earlier` knows of the same outcome. */
export function mergeResults(earlier: readonly TestResult[], later: readonly TestResult[]): TestResult[] {
  const merged = new Map(earlier.map((result) => [result.name, result]));
  for (const result of later) {
    const before = merged.get(result.name);
    merged.set(result.name, before?.state === result.state ? { ...before, ...result } : result);
  }
  return [...merged.values()];
}

export { compareWithKnown, type KnownFailure, type KnownFailures } from "./known-failures.ts";
export { parseReport, type TestResult } from "./results.ts";
export { formatSummary, summarise } from "./summary.ts";

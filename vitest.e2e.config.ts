import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.e2e.test.ts", "packages/e2e/**/*.e2e.test.ts", "examples/**/*.e2e.test.ts"],
    exclude: ["**/node_modules/**"],
    // They share one machine's network, mounts and control groups.
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 120_000,
    // Real processes on a machine that others use: what fails is tried once more, and the report says that it was.
    retry: 1,
    hookTimeout: 300_000,
  },
});

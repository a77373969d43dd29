import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.e2e.test.ts", "packages/e2e/**/*.e2e.test.ts", "examples/**/*.e2e.test.ts"],
    exclude: ["**/node_modules/**"],
    // They share one machine's network, mounts and control groups.
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/{src,generate,tests}/**/*.test.ts", "examples/**/*.test.ts", "scripts/**/*.test.ts"],
    // These start real containers; vitest.e2e.config.ts runs them.
    exclude: ["**/node_modules/**", "**/*.e2e.test.ts"],
    // The machine that runs the tests may have two cores only; more workers than cores only slow each other down.
    maxWorkers: 2,
    testTimeout: 20_000,
  },
});

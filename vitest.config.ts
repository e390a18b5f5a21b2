import { defineConfig } from "vitest/config";

export default defineConfig({
  // Vite would load graphql's "module" build beside the "main" one that Node and every library here use.
  resolve: { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
    // What is waited for comes; a slow machine takes longer than the default of one second.
    expect: { poll: { timeout: 10_000 } },
    restoreMocks: true,
  },
});

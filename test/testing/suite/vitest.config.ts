import { defineConfig } from 'vitest/config'

/** Of the suites that the tests of the fixtures run: which of them says the environment. */
export default defineConfig({
  cacheDir: process.env['OFFLOOP_TEST_FOLDER'] ?? 'node_modules/.vite',
  test: {
    include: [process.env['OFFLOOP_TEST_SUITE'] ?? '*.suite.ts'],
    pool: 'forks',
    maxWorkers: 4,
    // On a busy machine everything takes long, and none of that is what the suite is to show: only what hangs may end by these. A worker that is slow
    // to end is a line on stderr, which is to be empty.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 120_000,
    server: { deps: { external: [/\/dist\//] } },
  },
})

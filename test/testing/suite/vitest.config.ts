import { defineConfig } from 'vitest/config'

/** Of the suites that the tests of the fixtures run: which of them says the environment. */
export default defineConfig({
  cacheDir: process.env['OFFLOOP_TEST_FOLDER'] ?? 'node_modules/.vite',
  test: {
    include: [process.env['OFFLOOP_TEST_SUITE'] ?? '*.suite.ts'],
    pool: 'forks',
    maxWorkers: 4,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    server: { deps: { external: [/\/dist\//] } },
  },
})

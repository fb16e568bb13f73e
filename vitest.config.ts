import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process for each file: a native addon is loaded into one program at a time, and what a file left open dies with its process.
    pool: 'forks',
    maxWorkers: 2,
    // For a machine that others use as well: a test that hangs is all that waits so long.
    testTimeout: 60_000,
    // On a shared machine a test that races real processes may lose once; the reporter still shows that it was run again.
    retry: process.env['CI'] === undefined ? 0 : 2,
    hookTimeout: 60_000,
    reporters: ['default', './test/count-reporter.ts'],
    // The built package runs as Node.js loads it, not through Vite's module runner: it finds its worker by its own URL.
    server: { deps: { external: [/\/dist\//] } },
  },
})

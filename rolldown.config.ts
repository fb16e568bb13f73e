import { defineConfig } from 'rolldown'

// A program loads the package in four files in place of sixty: Node.js takes half a millisecond for each. Not minified, and with the names of
// the source: stack traces can be read as they are.
export default defineConfig({
  input: {
    'src/index': 'src/index.ts',
    'src/errors': 'src/errors.ts',
    'src/cli/main': 'src/cli/main.ts',
    'worker/entry': 'worker/entry.ts',
    'worker/process-entry': 'worker/process-entry.ts',
    'worker/interrupt-control': 'worker/interrupt-control.ts',
    'worker/drivers/driver': 'worker/drivers/driver.ts',
    'worker/drivers/better-sqlite3': 'worker/drivers/better-sqlite3.ts',
    'worker/drivers/node-sqlite': 'worker/drivers/node-sqlite.ts',
  },
  platform: 'node',
  external: /^[^./]/,
  // What package.json says of side effects is about these files: a module of the source may be there for its effect alone.
  treeshake: { moduleSideEffects: () => true },
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'src/chunks/[name].js' },
})

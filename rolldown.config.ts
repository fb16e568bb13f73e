import { defineConfig, type OutputAsset, type OutputChunk, type RolldownOptions } from 'rolldown'

// A program loads the package in a few files in place of sixty, and a thread in two: Node.js takes half a millisecond for each. Not minified,
// and with the names of the source: stack traces can be read as they are.
const common: RolldownOptions = {
  platform: 'node',
  external: /^[^./]/,
  // What package.json says of side effects is about these files: a module of the source may be there for its effect alone.
  treeshake: { moduleSideEffects: (id) => id.endsWith('.ts') },
  plugins: [{ name: 'ascii', generateBundle: (_options, bundle) => Object.values(bundle).forEach(escapeLetters) }],
}

/** One letter beyond Latin-1 doubles a file in memory, and V8 takes twice as long to read it. There is none but in texts and patterns. */
function escapeLetters(file: OutputAsset | OutputChunk): void {
  if (file.type !== 'chunk') return
  file.code = file.code.replace(/[\u0080-\uFFFF]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function outputOf(folder: string): RolldownOptions['output'] {
  // Annotations are for the user's bundler; the other comments are a third of the text, and one letter beyond Latin-1 in them doubles a file
  // in memory: without them the package loads a fifth faster.
  const comments = { jsdoc: false, legal: true, annotation: true }
  return { dir: 'dist', format: 'esm', comments, entryFileNames: '[name].js', chunkFileNames: `${folder}/chunks/[name].js` }
}

export default defineConfig([
  {
    ...common,
    input: {
      'src/index': 'src/index.ts',
      'src/errors': 'src/errors.ts',
      'src/schema/index': 'src/schema/index.ts',
      'src/orm/index': 'src/orm/index.ts',
      'src/migrations/index': 'src/migrations/index.ts',
      'src/dal/index': 'src/dal/index.ts',
      'src/data/index': 'src/data/index.ts',
      'src/adapters/drizzle/index': 'src/adapters/drizzle/index.ts',
      'src/cli/main': 'src/cli/main.ts',
      'src/adapters/knex/index': 'src/adapters/knex/index.ts',
      'src/adapters/kysely/index': 'src/adapters/kysely/index.ts',
      'src/testing/index': 'src/testing/index.ts',
      'src/testing/vitest/index': 'src/testing/vitest/index.ts',
    },
    output: outputOf('src'),
  },
  {
    ...common,
    input: {
      'worker/entry': 'worker/entry.ts',
      'worker/process-entry': 'worker/process-entry.ts',
      'worker/interrupt-control': 'worker/interrupt-control.ts',
      'worker/drivers/driver': 'worker/drivers/driver.ts',
      'worker/drivers/better-sqlite3': 'worker/drivers/better-sqlite3.ts',
      'worker/drivers/node-sqlite': 'worker/drivers/node-sqlite.ts',
      'worker/drivers/pg': 'worker/drivers/pg.ts',
      'worker/drivers/mysql2': 'worker/drivers/mysql2.ts',
    },
    output: {
      ...outputOf('worker'),
      codeSplitting: {
        groups: [
          { name: 'host', test: /[\\/](worker|src)[\\/](?!drivers[\\/](node-sqlite|pg|mysql)|process-entry|entry|interrupt-control)/ },
        ],
      },
    },
  },
])

import { defineConfig, type OutputAsset, type OutputChunk, type RolldownOptions } from 'rolldown'
import manifest from './package.json' with { type: 'json' }

// A program loads the package in a few files in place of sixty, and a thread in two: Node.js takes half a millisecond for each. Not minified,
// and with the names of the source: stack traces can be read as they are.
const common: RolldownOptions = {
  platform: 'node',
  external: /^[^./]/,
  transform: { define: { PACKAGE_VERSION: JSON.stringify(manifest.version) } },
  // What package.json says of side effects is about these files: a module of the source may be there for its effect alone.
  treeshake: { moduleSideEffects: (id) => id.endsWith('.ts') },
  plugins: [{ name: 'loading', generateBundle: (_options, bundle) => Object.values(bundle).forEach(loadFaster) }],
}

function loadFaster(file: OutputAsset | OutputChunk): void {
  if (file.type === 'chunk') file.code = getBuiltins(escapeLetters(file.code))
}

/** One letter beyond Latin-1 doubles a file in memory, and V8 takes twice as long to read it. There is none but in texts and patterns. */
function escapeLetters(code: string): string {
  return code.replace(/[\u0080-\uFFFF]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * Node.js makes a module with live bindings of a module of its own that is imported, which of fs alone takes 2 ms: half of what it took a thread
 * to load its files. What `process.getBuiltinModule` gives is there already.
 */
function getBuiltins(code: string): string {
  return code.replace(
    /^import \{ (.+) \} from "(node:[^"]+)";$/gm,
    (_, names: string, module: string) => `const { ${names.replaceAll(' as ', ': ')} } = process.getBuiltinModule("${module}");`,
  )
}

// Annotations are for the user's bundler; the other comments are a third of the text, and one letter beyond Latin-1 in them doubles a file
// in memory: without them the package loads a fifth faster.
const output: RolldownOptions['output'] = {
  dir: 'dist',
  format: 'esm',
  comments: { jsdoc: false, legal: true, annotation: true },
  entryFileNames: '[name].js',
  chunkFileNames: 'src/chunks/[name].js',
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
      'worker/drivers/driver': 'worker/drivers/driver.ts',
    },
    output,
  },
  // What threads and processes run: each loads what its driver needs, and nothing of the others.
  {
    ...common,
    input: { 'worker/entry': 'worker/entry.ts' },
    output: {
      ...output,
      chunkFileNames: 'worker/chunks/[name].js',
      codeSplitting: { groups: [{ name: 'host', test: /[\\/](worker|src)[\\/](?!drivers[\\/](node-sqlite|pg|mysql)|entry)/ }] },
    },
  },
  // The same in one file, for bundlers to copy, beside the code that looks for it. It needs nothing but the packages of the drivers. A thread
  // takes 7 ms longer to load it: those of the package itself do not.
  {
    ...common,
    input: { 'offloop-worker': 'worker/entry.ts' },
    external: /^(?!comlink)[^./]/,
    output: { ...output, codeSplitting: false, entryFileNames: 'src/chunks/[name].mjs' },
  },
])

/**
 * Which way imports run. The first row whose path a file starts with is the file's layer; a layer may always import from itself.
 * A row is a sentence of the architecture: whoever changes one changes the map.
 */
export interface Layer {
  readonly path: string
  /** Beginnings of the paths it may import. */
  readonly imports: readonly string[]
  /** Packages it may import; `node:` stands for every built-in module but `node:sqlite`, which is a driver. */
  readonly packages: readonly string[]
}

const core = ['src/protocol/', 'src/errors.ts']
const executor = ['src/errors.ts', 'src/sql/']
const everyLayer = [...core, 'src/sql/', 'src/engine/', 'src/schema/', 'src/orm/', 'src/dal/', 'src/migrations/', 'src/data/']

export const layers: readonly Layer[] = [
  // The user's thread, from the ground up.
  { path: 'src/node-version.ts', imports: [], packages: [] },
  // For the type of a MessagePort: ports are part of what crosses.
  { path: 'src/protocol/', imports: [], packages: ['node:worker_threads'] },
  { path: 'src/errors.ts', imports: ['src/protocol/'], packages: ['node:'] },
  { path: 'src/transport/', imports: core, packages: ['node:', 'piscina', 'comlink'] },
  { path: 'src/sql/', imports: core, packages: ['node:', 'sql-template-tag'] },
  { path: 'src/engine/', imports: [...core, 'src/transport/', 'src/sql/'], packages: ['node:'] },
  { path: 'src/index.ts', imports: ['src/node-version.ts', 'src/errors.ts', 'src/sql/', 'src/engine/'], packages: ['sql-template-tag'] },

  // The layers that a user can do without see the engine through the Executor interface only.
  { path: 'src/schema/', imports: executor, packages: ['node:', 'kysely'] },
  { path: 'src/orm/', imports: [...executor, 'src/schema/'], packages: ['node:', 'kysely'] },
  // These are given a URL, and so have to make an engine.
  { path: 'src/dal/connect.ts', imports: [...executor, 'src/schema/', 'src/dal/', 'src/engine/'], packages: ['node:'] },
  { path: 'src/dal/databases', imports: [...executor, 'src/engine/'], packages: ['node:'] },
  {
    path: 'src/dal/',
    imports: [...executor, 'src/node-version.ts', 'src/schema/', 'src/data/'],
    packages: ['node:', 'kysely'],
  },
  // A migration of TypeScript is written for a Kysely of its transaction, which is that of the adapter for an engine.
  {
    path: 'src/migrations/',
    imports: [...executor, 'src/schema/', 'src/adapters/kysely/', 'src/engine/contract.ts'],
    packages: ['node:', 'kysely'],
  },
  {
    path: 'src/data/',
    imports: [...executor, 'src/node-version.ts', 'src/schema/'],
    packages: ['node:', 'csv-parse', 'csv-stringify', 'yaml'],
  },
  { path: 'src/testing/vitest/', imports: [...everyLayer, 'src/node-version.ts', 'src/testing/'], packages: ['node:', 'vitest'] },
  { path: 'src/testing/', imports: [...everyLayer, 'src/node-version.ts'], packages: ['node:'] },
  {
    path: 'src/adapters/',
    imports: [...everyLayer, 'src/node-version.ts'],
    packages: ['node:', 'kysely', 'drizzle-orm', 'knex', 'better-sqlite3', 'pg'],
  },
  {
    path: 'src/cli/',
    imports: [...everyLayer, 'src/node-version.ts'],
    packages: ['node:', 'better-sqlite3', 'commander', 'csv-stringify', 'fast-string-truncated-width'],
  },

  // The worker's threads: they share nothing with the user's thread but the protocol.
  { path: 'worker/drivers/', imports: ['src/protocol/'], packages: ['node:', 'node:sqlite', 'better-sqlite3', 'pg', 'mysql2'] },
  { path: 'worker/control.ts', imports: ['src/protocol/', 'worker/'], packages: ['node:', 'comlink'] },
  { path: 'worker/', imports: ['src/protocol/'], packages: ['node:'] },
]

export function layerOf(path: string): Layer | undefined {
  return layers.find((layer) => path.startsWith(layer.path))
}

export function mayImportFile(layer: Layer, file: string): boolean {
  return [layer.path, ...layer.imports].some((allowed) => file.startsWith(allowed))
}

export function mayImportPackage(layer: Layer, specifier: string): boolean {
  if (layer.packages.includes(packageName(specifier))) return true
  return layer.packages.includes('node:') && specifier.startsWith('node:') && specifier !== 'node:sqlite'
}

/** `@scope/name/sub/path` → `@scope/name`. */
export function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

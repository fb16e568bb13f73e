import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { readSourceFile, type SourceFile, sourceFiles } from './source-file.ts'

const errors = [
  'AbortError',
  'ArgumentError',
  'CommitOutcomeUnknownError',
  'DataError',
  'DatabaseError',
  'DriverLoadError',
  'IntegrityError',
  'InternalError',
  'InvalidRequestError',
  'MultipleResultsFound',
  'NoResultFound',
  'NotSupportedError',
  'OffloopError',
  'OperationalError',
  'PoolQueueFullError',
  'PoolTimeoutError',
  'ProgrammingError',
  'ReentrancyError',
  'ResourceClosedError',
  'StatementTimeoutError',
  'TransactionAbortedError',
  'WorkerTerminatedError',
]

/** Every run-time name that a user can import. A name that is added here is a promise; one that is removed breaks somebody's program. */
const exportedNames: Readonly<Record<string, readonly string[]>> = {
  offloop: ['EngineURL', 'Sql', 'bulk', 'createEngine', 'empty', 'join', 'raw', 'sql', ...errors],
  'offloop/errors': errors,
  'offloop/dal': [
    ...['DataAccessLayer', 'TransactionManager', 'connect', 'orFail', 'transaction', 'createDatabase', 'dropDatabase'],
    ...['Entity', 'FilterError', 'FilterSet', 'StaleDataError', 'entity', 'filterSet', 'paginate', 'totalCount'],
    ...['bulkLoad', 'exportData', 'jsonSerializer'],
  ],
  'offloop/data': ['exportData', 'exportText', 'importData'],
  'offloop/driver': [],
  'offloop/orm': [
    ...['Manager', 'ModelRegistry', 'Q', 'QuerySet', 'RelatedSet', 'Session', 'MultipleMatches', 'NoMatch', 'ValidationError'],
    ...['bigInteger', 'boolean', 'date', 'dateTime', 'decimal', 'email', 'enumeration', 'float', 'integer', 'ipAddress', 'json', 'string'],
    ...['text', 'time', 'url', 'uuid', 'foreignKey', 'manyToMany', 'oneToOne'],
    ...['avg', 'count', 'max', 'min', 'sum'],
  ],
  'offloop/schema': [
    ...['MetaData', 'Table', 'inspect'],
    ...[
      'bigInteger',
      'blob',
      'boolean',
      'custom',
      'date',
      'dateTime',
      'enumeration',
      'float',
      'integer',
      'json',
      'numeric',
      'smallInteger',
      'string',
      'text',
      'time',
      'uuid',
    ],
    ...[
      'and',
      'checkConstraint',
      'createIndex',
      'createTable',
      'dropTable',
      'foreignKeyConstraint',
      'index',
      'not',
      'or',
      'primaryKeyConstraint',
      'uniqueConstraint',
    ],
  ],
  'offloop/migrations': ['MigrationError', 'Migrations'],
  'offloop/drizzle': [
    'OffloopPostgresDatabase',
    'OffloopPostgresTransaction',
    'OffloopSqliteDatabase',
    'OffloopSqliteTransaction',
    'drizzle',
    'drizzlePostgres',
    'drizzleSqlite',
    'migrate',
  ],
  'offloop/knex': ['OffloopClient'],
  'offloop/kysely': ['OffloopDialect', 'kysely'],
  'offloop/testing': ['createDatabase', 'dropDatabase', 'rollbackScope', 'temporaryDatabase'],
  'offloop/testing/vitest': ['databaseTest'],
  // For bundlers, which copy its file: nobody imports it but the package.
  'offloop/worker': ['default', 'interrupt', 'loadInterrupt'],
}

/** Packages whose types a subpath is about: `offloop` hands on the tag of sql-template-tag as it is. */
const packagesInTypes: Readonly<Record<string, readonly string[]>> = {
  offloop: ['sql-template-tag'],
  'offloop/dal': ['kysely', 'sql-template-tag'],
  'offloop/data': ['kysely', 'sql-template-tag'],
  'offloop/orm': ['kysely', 'sql-template-tag'],
  'offloop/schema': ['kysely', 'sql-template-tag'],
  'offloop/migrations': ['kysely', 'sql-template-tag'],
  'offloop/drizzle': [
    'drizzle-orm',
    'drizzle-orm/batch',
    'drizzle-orm/cache/core',
    'drizzle-orm/migrator',
    'drizzle-orm/pg-core',
    'drizzle-orm/sqlite-core',
    'sql-template-tag',
  ],
  'offloop/knex': ['knex', 'sql-template-tag'],
  'offloop/kysely': ['kysely', 'sql-template-tag'],
  'offloop/testing': ['kysely', 'sql-template-tag'],
  'offloop/testing/vitest': ['kysely', 'sql-template-tag', 'vitest'],
}

const entryPoints = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string' ? [] : [{ name: subpath.replace('.', 'offloop'), types: target.types.replace('./', '') }],
)

test('every entry point has its list of names', () => {
  expect(entryPoints.map(({ name }) => name).sort()).toEqual(Object.keys(exportedNames).sort())
})

describe.for(entryPoints)('$name', ({ name, types }) => {
  const declarations = reachableDeclarations(types)

  test('exports the promised names at run time, and no others', async () => {
    const module: object = await import(name)
    expect(Object.keys(module).sort()).toEqual([...(exportedNames[name] ?? [])].sort())
  })

  test('shows no type of a dependency', () => {
    const allowed = packagesInTypes[name] ?? []
    const foreign = declarations
      .flatMap(({ imports }) => imports)
      .filter(({ file, specifier }) => file === null && !allowed.includes(specifier))
    expect(
      foreign.filter(({ specifier }) => !specifier.startsWith('node:')).map(({ at, specifier }) => `${at} names ${specifier}`),
    ).toEqual([])
  })

  test('shows no `any`', () => {
    expect(declarations.flatMap(({ anys }) => anys)).toEqual([])
  })
})

test('an index.ts holds named re-exports only, after the check of the Node.js version', () => {
  const isNamedReExport = (node: { readonly type: string; readonly source?: unknown }) =>
    node.type === 'ExportNamedDeclaration' && !!node.source
  for (const { path, program } of sourceFiles('src/index.ts', 'src/*/**/index.ts')) {
    const [first, ...rest] = program.body
    const isVersionCheck =
      first?.type === 'ImportDeclaration' && first.specifiers.length === 0 && first.source.value.endsWith('/node-version.ts')
    if (path === 'src/index.ts') expect(isVersionCheck, `${path} begins with the check`).toBe(true)
    const others = (isVersionCheck || first === undefined ? rest : [first, ...rest]).filter((node) => !isNamedReExport(node))
    expect(others.map(({ type }) => `${path}: ${type}`)).toEqual([])
  }
})

test('importing offloop loads neither a driver, nor a thread pool, nor a query builder', async () => {
  const program = fileURLToPath(new URL('./print-loaded-packages.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [program])
  expect(JSON.parse(stdout)).toEqual(['sql-template-tag'])
})

/** The declaration file and all that it imports, in the built package. */
function reachableDeclarations(entry: string): readonly SourceFile[] {
  const found = new Map<string, SourceFile>()
  const waiting = [entry]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue
    const declaration = readSourceFile(path)
    found.set(path, declaration)
    for (const { file } of declaration.imports) if (file !== null) waiting.push(file.replace(/(\.d)?\.[jt]s$/, '.d.ts'))
  }
  return [...found.values()]
}

import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { offloop, temporaryFolder } from './run-command.ts'

/** A folder with two migrations, both of them written by `migrate new` and filled in. */
async function sample(): Promise<{ readonly cwd: string }> {
  const cwd = temporaryFolder()
  for (const [at, sql] of [
    '-- up\ncreate table a (x);\n-- down\ndrop table a;',
    '-- up\ncreate table b (x);\n-- down\ndrop table b;',
  ].entries()) {
    const { stdout } = await offloop(['migrate', 'new', `step ${at + 1}`], { cwd })
    writeFileSync(stdout.trim(), sql)
  }
  return { cwd }
}

test('migrations are written, listed, applied, taken back and gone to', async () => {
  const place = await sample()
  expect(readdirSync(join(place.cwd, 'migrations'))).toEqual(['0001_step_1.sql', '0002_step_2.sql'])
  const run = async (...args: readonly string[]): Promise<string> => (await offloop(['migrate', ...args], place)).stdout
  expect(await run('status', 'app.db')).toBe('0001_step_1  pending\n0002_step_2  pending\n')
  expect(readdirSync(place.cwd)).toEqual(['migrations'])
  expect(await run('up', 'app.db', '--steps', '1')).toBe('applied  0001_step_1\n')
  expect(await run('up', 'app.db')).toBe('applied  0002_step_2\n')
  expect(await run('up', 'app.db')).toBe('There is nothing to do.\n')
  expect(await run('down', 'app.db')).toBe('taken back  0002_step_2\n')
  expect(await run('to', '0002_step_2', 'app.db', '--json')).toBe('[{"name":"0002_step_2","file":"0002_step_2.sql","direction":"up"}]\n')
  expect(await run('down', 'app.db', '--all')).toBe('taken back  0002_step_2\ntaken back  0001_step_1\n')
})

test('what is pending is printed as SQL, also for a file that is not there yet, which runs as a script', async () => {
  const place = await sample()
  const dry = await offloop(['migrate', 'up', 'app.db', '--dry-run'], place)
  expect(readdirSync(place.cwd)).toEqual(['migrations'])
  expect(dry.stdout).toContain('create table b (x);')
  expect(await offloop(['query', 'app.db', '--create'], { ...place, stdin: dry.stdout })).toMatchObject({ code: 0 })
  const { stdout } = await offloop(['migrate', 'status', 'app.db', '--json'], place)
  expect(JSON.parse(stdout)).toMatchObject([{ state: 'applied' }, { state: 'applied' }])
})

test('what goes wrong is named by its file and line, with exit code 1; what was not understood is 2', async () => {
  const place = await sample()
  writeFileSync(join(place.cwd, 'migrations/0002_step_2.sql'), '-- up\ncreate table b (x);\ncreate nonsense;')
  const failed = await offloop(['migrate', 'up', 'app.db'], place)
  expect(failed).toMatchObject({ code: 1 })
  expect(failed.stderr).toMatch(/^offloop: 0002_step_2\.sql:3: /)
  const ends = await Promise.all(
    [
      ['to', 'nope', 'app.db'],
      ['resolve', '0001_step_1', 'app.db'],
      ['sideways', 'app.db'],
      ['up', 'app.db', '--steps', '0'],
    ].map((args) => offloop(['migrate', ...args], place)),
  )
  for (const end of ends) expect(end).toMatchObject({ code: 2, stdout: '' })
})

test('a module of tables that is not there is told in a line', async () => {
  const end = await offloop(['migrate', 'autogenerate', './nope.ts', 'app.db'], await sample())
  expect(end).toMatchObject({ code: 1, stdout: '' })
  expect(end.stderr).toBe('offloop: There is no file ./nope.ts: expected a module that exports a MetaData.\n')
})

/** A folder with a module of tables. */
function withTables(): string {
  const cwd = temporaryFolder()
  const offloopSchema = fileURLToPath(new URL('../../dist/src/schema/index.js', import.meta.url))
  const source = `
    import { integer, MetaData, Table } from ${JSON.stringify(offloopSchema)}
    export const metadata = new MetaData()
    new Table('notes', metadata, { id: integer({ primaryKey: true }) })
  `
  writeFileSync(join(cwd, 'tables.mjs'), source)
  return cwd
}

test('the first migration is generated before there is a database, and the next one is not', async () => {
  const cwd = withTables()
  const first = await offloop(['migrate', 'autogenerate', 'tables.mjs', 'app.db', '--name', 'first'], { cwd })
  expect(first.stdout).toMatch(/0001_first\.sql: 1 statement\./)
  expect(readdirSync(cwd).toSorted()).toEqual(['migrations', 'tables.mjs'])
  const second = await offloop(['migrate', 'autogenerate', 'tables.mjs', 'app.db'], { cwd })
  expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('0001_first.sql: it has not been applied') })
})

test('a migration is generated from a module that exports a MetaData', async () => {
  const cwd = withTables()
  await offloop(['query', 'app.db', 'create table old (x)', '--create'], { cwd })
  const dry = await offloop(['migrate', 'autogenerate', './tables.mjs', 'app.db', '--dry-run'], { cwd })
  expect(dry.stdout).toMatch(/create table "notes"[\s\S]*drop table "old";|drop table "old"[\s\S]*create table "notes"/)
  expect(dry.stdout).toMatch(
    /^-- The way down:\n(-- \| .*\n)*-- \| drop table "notes";\n(-- \| .*\n)*-- \| create table "old" \("x" \);\n$/m,
  )
  const json = await offloop(['migrate', 'autogenerate', './tables.mjs', 'app.db', '--dry-run', '--json'], { cwd })
  expect(JSON.parse(json.stdout)).toMatchObject({ path: null, statements: { length: 2 }, down: { length: 2 } })
  const { stdout } = await offloop(['migrate', 'autogenerate', 'tables.mjs', 'app.db', '--name', 'notes'], { cwd })
  expect(stdout).toMatch(/0001_notes\.sql: 2 statements\. Read it before you apply it\.\n$/)
  await offloop(['migrate', 'up', 'app.db'], { cwd })
  expect((await offloop(['migrate', 'down', 'app.db'], { cwd })).stdout).toBe('taken back  0001_notes\n')
  const tables = await offloop(
    ['query', 'app.db', "select group_concat(name) from sqlite_schema where type = 'table'", '--format', 'csv'],
    { cwd },
  )
  expect(tables.stdout).toContain('offloop_migrations,old')
  await offloop(['migrate', 'up', 'app.db'], { cwd })
  const done = await offloop(['migrate', 'autogenerate', 'tables.mjs', 'app.db'], { cwd })
  expect(done.stdout).toBe('The database is what the MetaData says: there is nothing to do.\n')
})

const urlOf = (path: string): string => JSON.stringify(new URL(`../../dist/src/${path}/index.js`, import.meta.url).href)

/** A module with a registry, whose MetaData is taken before there are models, and perhaps one that defines them. */
function withModels(models: string): string {
  const cwd = temporaryFolder()
  const registry = `
    import { createEngine } from ${JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)}
    import { ModelRegistry } from ${urlOf('orm')}
    export const models = new ModelRegistry(createEngine('sqlite://'))
    export const metadata = models.metadata
  `
  writeFileSync(join(cwd, 'registry.mjs'), registry)
  writeFileSync(join(cwd, 'models.mjs'), models)
  return cwd
}

test('a migration is generated from models that are defined after their MetaData was taken', async () => {
  const cwd = withModels(`
    import { foreignKey, integer } from ${urlOf('orm')}
    import { models } from './registry.mjs'
    export { metadata } from './registry.mjs'
    export class Note extends models.define('notes', { id: integer({ primaryKey: true }), author: foreignKey(() => Author) }) {}
    export class Author extends models.define('authors', { id: integer({ primaryKey: true }) }) {}
  `)
  const { stdout } = await offloop(['migrate', 'autogenerate', 'models.mjs', 'app.db', '--dry-run'], { cwd })
  expect(stdout).toContain('create table "authors"')
  expect(stdout).toContain('create table "notes"')
})

test('a MetaData without tables is refused: it would drop all that the database has', async () => {
  const end = await offloop(['migrate', 'autogenerate', 'registry.mjs', 'app.db'], { cwd: withModels('') })
  expect(end).toMatchObject({ code: 1, stdout: '' })
  expect(end.stderr).toBe(
    'offloop: registry.mjs exports a MetaData without tables: expected that it imports the modules of all tables and models, too.\n',
  )
})

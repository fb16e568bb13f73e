import { pathToFileURL } from 'node:url'
import { type AsyncEngine, createEngine } from 'offloop'
import { MigrationError, Migrations } from 'offloop/migrations'
import type { MetaData } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeTargets, type Fixture, rejectionOf } from '../conformance/targets.ts'
import { Folder, making } from './folder.ts'

const module = `
import { sql } from 'kysely'
export async function up(db) {
  await db.schema.createTable('made').addColumn('x', 'integer').execute()
  await db.insertInto('made').values({ x: 7 }).execute()
}
export async function down(db) {
  await sql\`drop table made\`.execute(db)
}
`

/** A module outside the package finds Kysely by its URL alone. */
const withKysely = (text: string) => text.replace("'kysely'", `'${import.meta.resolve('kysely')}'`)

function three(): Folder {
  return new Folder({ '0001_first.sql': making('first'), '0002_made.mjs': withKysely(module), '0003_third.sql': making('third') })
}

function open(fixture: Fixture, folder: Folder): { readonly engine: ReturnType<Fixture['engine']>; readonly migrations: Migrations } {
  const engine = fixture.engine()
  return { engine, migrations: new Migrations(engine, { directory: folder.path }) }
}

const namesOf = (steps: readonly { readonly name: string; readonly direction: string }[]) =>
  steps.map(({ name, direction }) => `${direction} ${name}`)

describeTargets((fixture) => {
  test('what is pending is applied in order, once, and taken back from the end', async () => {
    const { engine, migrations } = open(fixture, three())
    expect(namesOf(await migrations.up())).toEqual(['up 0001_first', 'up 0002_made', 'up 0003_third'])
    expect(await engine.scalar('select x from made')).toBe(7)
    expect(await migrations.up()).toEqual([])
    expect(namesOf(await migrations.down())).toEqual(['down 0003_third'])
    expect(namesOf(await migrations.down(5))).toEqual(['down 0002_made', 'down 0001_first'])
    expect(await migrations.down()).toEqual([])
    expect(await engine.tableNames()).toEqual(['offloop_migrations'])
    expect(namesOf(await migrations.up({ steps: 2 }))).toEqual(['up 0001_first', 'up 0002_made'])
  })

  test('to() goes up or down until a migration is the last one', async () => {
    const { engine, migrations } = open(fixture, three())
    expect(namesOf(await migrations.to('0002_made'))).toEqual(['up 0001_first', 'up 0002_made'])
    expect(await migrations.to('0002_made.mjs')).toEqual([])
    expect(namesOf(await migrations.to('0003_third'))).toEqual(['up 0003_third'])
    expect(namesOf(await migrations.to('0001_first'))).toEqual(['down 0003_third', 'down 0002_made'])
    expect(namesOf(await migrations.to(null))).toEqual(['down 0001_first'])
    expect(await engine.tableNames()).toEqual(['offloop_migrations'])
    expect(await rejectionOf(migrations.to('0002_maed'))).toMatchObject({
      code: 'OFFLOOP_ARGUMENT',
      message: expect.stringContaining('0002_made'),
    })
  })

  test('status() tells of every migration, and writes nothing', async () => {
    const folder = three()
    const { engine, migrations } = open(fixture, folder)
    const states = async () => (await migrations.status()).map(({ name, state }) => `${name} ${state}`)
    expect(await states()).toEqual(['0001_first pending', '0002_made pending', '0003_third pending'])
    expect(await engine.tableNames()).toEqual([])
    await migrations.up({ steps: 2 })
    folder.write('0000_early.sql', making('early'))
    folder.write('0001_first.sql', making('other'))
    folder.remove('0002_made.mjs')
    expect(await states()).toEqual(['0000_early outOfOrder', '0001_first edited', '0002_made missing', '0003_third pending'])
    const [, first] = await migrations.status()
    expect(Math.abs((first?.changedAt?.getTime() ?? 0) - Date.now())).toBeLessThan(60 * 60 * 1_000)
  })

  test('a migration without a way down is not taken back, nor those behind it', async () => {
    const folder = new Folder({ '1.sql': 'create table first (x integer)', '2.sql': making('second') })
    const { engine, migrations } = open(fixture, folder)
    await migrations.up()
    const error = await rejectionOf(migrations.down(2))
    expect(error).toBeInstanceOf(MigrationError)
    expect(error).toMatchObject({ code: 'OFFLOOP_MIGRATION', file: '1.sql' })
    expect(await engine.tableNames()).toEqual(['first', 'offloop_migrations', 'second'])
  })

  test.runIf(fixture.can.transactionalDdl)(
    'a migration that fails leaves nothing, those before it stay, and it can be mended',
    async () => {
      const folder = three()
      folder.write('0002_made.mjs', withKysely(module).replace('x: 7', 'y: 7'))
      const { engine, migrations } = open(fixture, folder)
      expect(await rejectionOf(migrations.up())).toMatchObject({ file: '0002_made.mjs', cause: { name: 'ProgrammingError' } })
      expect(await engine.tableNames()).toEqual(['first', 'offloop_migrations'])
      folder.write('0002_made.mjs', withKysely(module))
      expect(namesOf(await migrations.up())).toEqual(['up 0002_made', 'up 0003_third'])
    },
  )

  test('a statement that fails is named by its line', async () => {
    const folder = new Folder({
      '1.sql': '-- up\n\n-- a comment; with a semicolon\ncreate table a (x integer);\n\ninsert into\n  nowhere values (1);\n',
    })
    const error = await rejectionOf(open(fixture, folder).migrations.up())
    expect(error).toMatchObject({ file: '1.sql', line: 6, cause: { name: 'ProgrammingError' } })
    expect(error.message).toMatch(/^1\.sql:6: /)
  })

  test('what runs in no transaction and stops half-way is named until somebody has looked', async () => {
    const text = '-- no transaction\ncreate table a (x integer);\ninsert into nowhere values (1);\n'
    const folder = new Folder({ '1.sql': text, '2.sql': making('b') })
    const { engine, migrations } = open(fixture, folder)
    expect(await rejectionOf(migrations.up())).toMatchObject({ file: '1.sql', line: 3 })
    expect((await migrations.status()).map(({ state }) => state)).toEqual(['unfinished', 'pending'])
    expect(await rejectionOf(migrations.up())).toMatchObject({ file: '1.sql', message: expect.stringContaining('resolve') })
    await engine.execute('drop table a')
    await migrations.resolve('1', 'pending')
    folder.write('1.sql', '-- no transaction\ncreate table a (x integer)')
    expect(namesOf(await migrations.up())).toEqual(['up 1', 'up 2'])
    expect(await rejectionOf(migrations.resolve('1', 'applied'))).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
  })

  test('what fails with its first statement has not begun', async () => {
    const folder = new Folder({ '1.sql': '-- no transaction\ninsert into nowhere values (1)' })
    const { migrations } = open(fixture, folder)
    expect(await rejectionOf(migrations.up())).toMatchObject({ file: '1.sql', line: 2 })
    expect((await migrations.status()).map(({ state }) => state)).toEqual(['pending'])
  })

  test('migrations of one program run one after another, each once', async () => {
    const { engine, migrations } = open(fixture, three())
    const all = await Promise.all(Array.from({ length: 4 }, () => migrations.up()))
    expect(all.flatMap(namesOf).sort()).toEqual(['up 0001_first', 'up 0002_made', 'up 0003_third'])
    expect(await engine.scalar('select count(*) from made')).toBe(1)
  })

  test.runIf(fixture.can.dialect === 'postgresql')(
    'an index that is built beside writers waits for no program that waits for it',
    async () => {
      const text = '-- no transaction\ncreate table t (x integer);\ncreate index concurrently ix on t (x);'
      const directory = new Folder({ '1.sql': text, '2.sql': making('second') }).path
      const all = [fixture.engine(), fixture.engine()].map((engine) => new Migrations(engine, { directory }).up())
      expect((await Promise.all(all)).flatMap(namesOf)).toEqual(['up 1', 'up 2'])
    },
  )

  test.skipIf(fixture.target.storage !== 'server')('a schema that a migration chooses is not chosen behind it', async () => {
    const { own, other } = fixture.schemas
    const isPostgres = fixture.target.driver === 'pg'
    // As every file of pg_dump begins.
    const choosing = isPostgres ? "select pg_catalog.set_config('search_path', '', false);" : `use ${other};`
    const files = {
      '1.sql': `${choosing}\ncreate table ${own}.a (x integer);\n-- down\n${choosing}\ndrop table ${own}.a;`.replace(/^/, '-- up\n'),
      '2.sql': making('b'),
      '3.sql': `-- no transaction\n${choosing}\ncreate table ${own}.c (x integer);`,
    }
    const { engine, migrations } = open(fixture, new Folder(files))
    expect(await migrations.up()).toHaveLength(3)
    expect(await engine.tableNames()).toEqual(['a', 'b', 'c', 'offloop_migrations'])
    const again = new Migrations(engine, { directory: new Folder(files).path, table: 'others' })
    await engine.script('drop table a; drop table b; drop table c')
    if (isPostgres) await engine.script(await again.sql())
    else await again.up()
    expect((await again.status()).map(({ state }) => state)).toEqual(['applied', 'applied', 'applied'])
  })

  test('records stand in the table that was asked for', async () => {
    const engine = fixture.engine()
    const migrations = new Migrations(engine, { directory: pathToFileURL(three().path), table: 'Applied to this' })
    await migrations.up()
    expect(await engine.tableNames()).toContain('Applied to this')
    expect(await migrations.up()).toEqual([])
  })

  test('a script of what is pending does what up() does', async () => {
    const folder = three()
    folder.write('0004_values.mjs', withValues)
    const { engine, migrations } = open(fixture, folder)
    const script = await migrations.sql()
    expect(await engine.tableNames()).toEqual([])
    await engine.script(script)
    expect((await migrations.status()).map(({ state }) => state)).toEqual(['applied', 'applied', 'applied', 'applied'])
    expect(await engine.execute('select x from made order by x').scalars()).toEqual([7, 8])
    expect(await engine.execute('select word from words').scalars()).toEqual(["it's \\ a ? and $1"])
    expect(await migrations.sql()).toBe('')
    expect(await migrations.up()).toEqual([])
  })

  test('a script ends with the migration that is named', async () => {
    const { migrations } = open(fixture, three())
    const script = await migrations.sql({ to: '0001_first' })
    expect(script).toContain('-- 0001_first.sql')
    expect(script).not.toContain('0002')
  })
})

const withValues = `
export async function up(db) {
  await db.schema.createTable('words').addColumn('word', 'varchar(50)').execute()
  await db.insertInto('words').values({ word: "it's \\\\ a ? and $1" }).execute()
  await db.insertInto('made').values({ x: 8 }).execute()
}
`

test('an engine that is closed refuses, and so do wrong options', async () => {
  const engine = createEngine('sqlite://')
  const directory = new Folder().path
  const migrations = new Migrations(engine, { directory })
  expect(() => new Migrations(undefined as unknown as AsyncEngine, { directory })).toThrow(
    expect.objectContaining({ code: 'OFFLOOP_ARGUMENT' }),
  )
  expect(await rejectionOf(migrations.autogenerate({} as MetaData))).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
  expect(() => new Migrations(engine, { directory: '' })).toThrow(expect.objectContaining({ code: 'OFFLOOP_ARGUMENT' }))
  expect(() => new Migrations(engine, { directory, table: 'a.b.c' })).toThrow(expect.objectContaining({ code: 'OFFLOOP_ARGUMENT' }))
  expect(() => new Migrations(engine, Object.assign({ directory }, { folder: 'x' }))).toThrow(
    'There is no option "folder" here, but directory, table.',
  )
  for (const steps of [0, -1, 1.5, Number.NaN])
    expect(await rejectionOf(migrations.down(steps))).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
  expect(await rejectionOf(new Migrations(engine, { directory: `${directory}/none` }).up())).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
  expect(await migrations.up()).toEqual([])
  await engine.close()
  expect(await rejectionOf(migrations.up())).toMatchObject({ code: 'OFFLOOP_RESOURCE_CLOSED' })
})

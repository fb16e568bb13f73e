import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from 'offloop'
import { Migrations } from 'offloop/migrations'
import { describe, expect, test } from 'vitest'
import { splitStatements } from '../../src/migrations/split-statements.ts'
import { rejectionOf } from '../conformance/targets.ts'
import { Folder, making } from './folder.ts'

describe('statements of a file', () => {
  const split = (sql: string, dialect: 'sqlite' | 'postgresql' | 'mysql' = 'sqlite') =>
    splitStatements(sql, dialect).map(({ text, line }) => `${line}: ${text.replaceAll(/\s+/g, ' ')}`)

  test('end at semicolons, and not at those in texts, names and comments', () => {
    expect(split('select \';\' as ";"; -- ; \n/* ; */ select 2 ;;\n\n;select 3')).toEqual([
      `1: select ';' as ";";`,
      '2: select 2 ;',
      '4: select 3',
    ])
    expect(split('-- nothing; at all\n/* ; */')).toEqual([])
    expect(split("select 'no end;\n")).toEqual(["1: select 'no end;"])
  })

  test('hold whole triggers and functions', () => {
    expect(split('create trigger t after insert on a begin\n update a set x = 1;\n delete from b;\nend;\nselect 1')).toEqual([
      '1: create trigger t after insert on a begin update a set x = 1; delete from b; end;',
      '5: select 1',
    ])
    expect(split('create function f() returns int as $x$ begin; return 1; end $x$ language plpgsql;\nselect 2;', 'postgresql')).toEqual([
      '1: create function f() returns int as $x$ begin; return 1; end $x$ language plpgsql;',
      '2: select 2;',
    ])
    expect(split('create trigger t after insert on a for each row begin set @a = 1; set @b = 2; end;\nselect 2;', 'mysql')).toEqual([
      '1: create trigger t after insert on a for each row begin set @a = 1; set @b = 2; end;',
      '2: select 2;',
    ])
  })

  test('keep a comment that means something to MySQL', () => {
    expect(split('/* none */ /*!50100 set @a = 1 */;\n# a comment\nselect 2', 'mysql').at(0)).toBe('1: /*!50100 set @a = 1 */;')
  })
})

async function errorOf(files: Readonly<Record<string, string>>): Promise<unknown> {
  await using engine = createEngine('sqlite://')
  return await rejectionOf(new Migrations(engine, { directory: new Folder(files).path }).up())
}

test('sections that are not what they should be are refused', async () => {
  expect(await errorOf({ '1.sql': 'select 1;\n-- up\nselect 2' })).toMatchObject({
    line: 1,
    message: expect.stringContaining('before "-- up"'),
  })
  expect(await errorOf({ '1.sql': '-- up\nselect 1;\n-- UP\nselect 2' })).toMatchObject({
    line: 3,
    message: expect.stringContaining('twice'),
  })
  expect(await errorOf({ '1.sql': '-- down\nselect 1;' })).toMatchObject({
    message: expect.stringContaining('no statement for the way up'),
  })
  expect(await errorOf({ '1.sql': '-- up\nselect 1;\n-- down\nrollback' })).toMatchObject({
    line: 4,
    message: expect.stringContaining('ROLLBACK'),
  })
  expect(await errorOf({ '1.sql': '-- no transaction\nbegin;\nselect 1;' })).toMatchObject({
    line: 2,
    message: expect.stringContaining('does not end'),
  })
})

test('what stands before the way down is the way up', async () => {
  await using engine = createEngine('sqlite://')
  const folder = new Folder({ '1.sql': 'create table t (x integer);\ninsert into t values (1);\n-- down\ndrop table t;\n' })
  const migrations = new Migrations(engine, { directory: folder.path })
  await migrations.up()
  expect(await engine.scalar('select x from t')).toBe(1)
  await migrations.down()
  expect(await engine.tableNames()).toEqual(['offloop_migrations'])
})

test('lines that look like marks of a section are part of the text, the comment or the routine that they stand in', async () => {
  await using engine = createEngine('sqlite://')
  const text = 'a\n-- down\n-- no transaction\nb'
  const trigger = `create trigger u after insert on t begin\n-- down\nupdate t set x = '${text}';\nend`
  const up = `create table t (x text default '${text}')\n;\n/*\n-- up\n*/\n${trigger}`
  const folder = new Folder({ '1.sql': `-- up\n${up}\n-- down\ndrop table t` })
  const migrations = new Migrations(engine, { directory: folder.path })
  await migrations.up()
  await engine.execute('insert into t default values')
  expect(await engine.scalar('select x from t')).toBe(text)
  await migrations.down()
  expect(await engine.tableNames()).toEqual(['offloop_migrations'])
})

test('exports of another kind are refused', async () => {
  expect(await errorOf({ '1.mjs': 'export const up = 1' })).toMatchObject({ file: '1.mjs' })
  expect(await errorOf({ '1.mjs': 'export function up() {}\nexport const transaction = "no"' })).toMatchObject({ file: '1.mjs' })
  expect(await errorOf({ '1.mjs': 'export function up() { throw null }' })).toMatchObject({
    file: '1.mjs',
    message: expect.stringContaining('null'),
  })
})

test('what cannot be read or written is refused by name', async () => {
  const folder = new Folder({ 'a file': '' })
  symlinkSync(folder.path, join(folder.path, '1.sql'))
  await using engine = createEngine('sqlite://')
  expect(await rejectionOf(new Migrations(engine, { directory: folder.path }).up())).toMatchObject({
    code: 'OFFLOOP_MIGRATION',
    file: '1.sql',
  })
  const inFile = new Migrations(engine, { directory: join(folder.path, 'a file') })
  expect(await rejectionOf(inFile.create('x'))).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
})

test('names that differ in their capitals are one', async () => {
  expect(await errorOf({ '1_a.sql': making('a'), '1_A.sql': making('b') })).toMatchObject({ message: expect.stringContaining('same name') })
})

test('line ends, a byte order mark and files of other kinds make no difference', async () => {
  const folder = new Folder({
    '1.sql': making('a'),
    'README.md': '#',
    '1.d.ts': 'export {}',
    '.2.sql': 'nonsense',
    '2.sql.orig': 'nonsense',
  })
  folder.makeFolder('3.sql')
  await using engine = createEngine('sqlite://')
  const migrations = new Migrations(engine, { directory: folder.path })
  expect(await migrations.up()).toHaveLength(1)
  folder.write('1.sql', `\uFEFF${making('a').replaceAll('\n', '\r\n')}`)
  expect(await migrations.up()).toEqual([])
  expect(await migrations.down()).toHaveLength(1)
})

test('a new file comes after the last one, and is refused until it is written', async () => {
  const folder = new Folder()
  await using engine = createEngine('sqlite://')
  const migrations = new Migrations(engine, { directory: `${folder.path}/deep/er` })
  expect(await migrations.create('make users')).toMatch(/0001_make_users\.sql$/)
  expect(await migrations.create('more', { kind: 'ts' })).toMatch(/0002_more\.ts$/)
  expect(await rejectionOf(migrations.up())).toMatchObject({ file: '0001_make_users.sql' })
  for (const name of ['', '../x', 'a/b', 'a\0', '-'])
    expect(await rejectionOf(migrations.create(name))).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
  folder.write('20240229123015_x.sql', making('x'))
  expect(await new Migrations(engine, { directory: folder.path }).create('next')).toMatch(/20240229123016_next\.sql$/)
})

test('new() is create(), and down() takes its steps as up() does', async () => {
  const folder = new Folder({ '1.sql': making('a'), '2.sql': making('b'), '3.sql': making('c') })
  await using engine = createEngine('sqlite://')
  const migrations = new Migrations(engine, { directory: folder.path })
  await migrations.up()
  expect((await migrations.down({ steps: 2 })).map(({ name }) => name)).toEqual(['3', '2'])
  expect((await migrations.down({})).map(({ name }) => name)).toEqual(['1'])
  expect(await rejectionOf(migrations.down({ step: 2 } as never))).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
  expect(await rejectionOf(migrations.up(null as never))).toMatchObject({ code: 'OFFLOOP_ARGUMENT' })
  expect(await migrations.new('more', { kind: 'ts' })).toMatch(/4_more\.ts$/)
})

test('a migration of TypeScript has a Kysely of its transaction', async () => {
  const text = `import type { Kysely } from 'kysely'
export async function up(db: Kysely<unknown>): Promise<void> {
  if (!db.isTransaction) throw new Error('expected a transaction')
  await db.schema.createTable('typed').addColumn('x', 'integer').execute()
}`
  await using engine = createEngine('sqlite://')
  await new Migrations(engine, { directory: new Folder({ '1.ts': text }).path }).up()
  expect(await engine.tableNames()).toEqual(['offloop_migrations', 'typed'])
})

test('an edited module is imported anew', async () => {
  const folder = new Folder({ '1.mjs': "export function up() { throw new Error('first') }" })
  await using engine = createEngine('sqlite://')
  const migrations = new Migrations(engine, { directory: folder.path })
  expect(await rejectionOf(migrations.up())).toMatchObject({ message: '1.mjs: first' })
  folder.write('1.mjs', "export function up() { throw new Error('second') }")
  expect(await rejectionOf(migrations.up())).toMatchObject({ message: '1.mjs: second' })
})

test('a statement with many semicolons in it is read in time that grows with its length', () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `(${index}, 'a; b')`).join(',\n')
  const [insert, ...others] = splitStatements(`insert into t values ${rows}; -- ; and ;\n/* ; */ select 1; select 2`, 'sqlite')
  expect(insert?.text.length).toBeGreaterThan(20_000 * 10)
  expect(others).toEqual([
    { text: 'select 1;', line: 20_001 },
    { text: 'select 2', line: 20_001 },
  ])
})

import { type AsyncEngine, createEngine } from 'offloop'
import { Migrations } from 'offloop/migrations'
import { expect, test } from 'vitest'
import { describeFiles, rejectionOf } from '../conformance/targets.ts'
import { Folder, making } from './folder.ts'

const family = `create table parent (id integer primary key, name text);
create table child (id integer primary key, parent integer not null references parent (id) on delete cascade);
insert into parent values (1, 'a'), (2, 'b');
insert into child values (1, 1), (2, 2);`

const rebuilt = `create table new_parent (id integer primary key, name text not null);
insert into new_parent select id, name from parent;
drop table parent;
alter table new_parent rename to parent;`

async function open(engine: AsyncEngine, files: Readonly<Record<string, string>>): Promise<Migrations> {
  await engine.script(family)
  return new Migrations(engine, { directory: new Folder(files).path })
}

/** On each connection that the engine may have used. */
async function foreignKeys(engine: AsyncEngine): Promise<unknown> {
  const connections = await Promise.all([engine.connect(), engine.connect()])
  const found = await Promise.all(connections.map((connection) => connection.scalar('pragma foreign_keys')))
  await Promise.all(connections.map((connection) => connection.close()))
  return found
}

describeFiles((fixture) => {
  test('a table that is made anew keeps the rows that refer to it', async () => {
    const engine = fixture.engine()
    await (await open(engine, { '1.sql': rebuilt })).up()
    expect(await engine.execute('select id from child order by id').scalars()).toEqual([1, 2])
    expect(await rejectionOf(engine.execute('insert into child values (3, 99)'))).toMatchObject({ name: 'IntegrityError' })
    expect(await foreignKeys(engine)).toEqual([1, 1])
  })

  test('rows that refer to nothing are named, and nothing is stored', async () => {
    const engine = fixture.engine()
    const migrations = await open(engine, { '1.sql': making('other'), '2.sql': 'delete from parent where id = 2' })
    const error = await rejectionOf(migrations.up())
    expect(error).toMatchObject({
      code: 'OFFLOOP_MIGRATION',
      file: '2.sql',
      message: expect.stringContaining('"child" rowid 2 to "parent"'),
    })
    expect(await engine.scalar('select count(*) from parent')).toBe(2)
    expect((await migrations.status()).map(({ state }) => state)).toEqual(['applied', 'pending'])
    expect(await foreignKeys(engine)).toEqual([1, 1])
  })

  test('the setting is what it was after a migration that fails, too', async () => {
    const engine = fixture.engine({ pool: { max: 2 } })
    expect(await rejectionOf((await open(engine, { '1.sql': 'select nonsense' })).up())).toMatchObject({ file: '1.sql' })
    expect(await foreignKeys(engine)).toEqual([1, 1])
  })

  test('an engine that enforces no foreign keys has none checked', async () => {
    const engine = fixture.engine({ pragmas: { foreign_keys: false } })
    await (await open(engine, { '1.sql': 'delete from parent where id = 2' })).up()
    expect(await foreignKeys(engine)).toEqual([0, 0])
  })

  test('what is marked runs in no transaction, and those behind it have their foreign keys checked', async () => {
    const engine = fixture.engine()
    const files = {
      '1.sql': '-- no transaction\nvacuum;\npragma foreign_keys = off;\nbegin;\ncreate table t (x integer);\ncommit;',
      '2.mjs': `export const transaction = false
        export async function up(db) {
          if (db.isTransaction) throw new Error('expected none')
          await db.schema.createTable('u').addColumn('x', 'integer').execute()
        }`,
      '3.sql': 'delete from parent where id = 2',
    }
    const migrations = await open(engine, files)
    expect(await rejectionOf(migrations.up())).toMatchObject({ file: '3.sql' })
    expect((await migrations.status()).map(({ state }) => state)).toEqual(['applied', 'applied', 'pending'])
    expect(await engine.tableNames()).toEqual(['child', 'offloop_migrations', 'parent', 't', 'u'])
  })

  test('a module that ends its transaction is named', async () => {
    const engine = fixture.engine()
    const text = `export async function up(db) {
      const { CompiledQuery } = await import('${import.meta.resolve('kysely')}')
      await db.executeQuery(CompiledQuery.raw('commit'))
    }`
    expect(await rejectionOf((await open(engine, { '1.mjs': text })).up())).toMatchObject({ code: 'OFFLOOP_MIGRATION', file: '1.mjs' })
    expect(engine.status().inUse).toBe(0)
    expect(await foreignKeys(engine)).toEqual([1, 1])
  })

  test('a migration waits for the transaction of another engine', async () => {
    const engine = fixture.engine({ busyTimeoutMs: 20 })
    const migrations = await open(engine, { '1.sql': making('t') })
    const other = createEngine(fixture.url)
    const transaction = await other.begin()
    const up = migrations.up()
    await transaction.execute('create table first (x integer)')
    await transaction.commit()
    expect(await up).toHaveLength(1)
    await other.close()
  })
})

import type { AsyncConnection, AsyncEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { drivers, functions, openEngine, temporaryFile } from './open-engine.ts'

interface Executor {
  execute(sql: string, params?: unknown[]): PromiseLike<{ readonly rowcount: number }>
}

/** Calls all at once, without waiting in between: each gives its number of rows, or the name of its error. */
async function together(executor: Executor, statements: readonly string[]): Promise<(number | string)[]> {
  const settled = await Promise.allSettled(statements.map((sql) => executor.execute(sql, [9])))
  return settled.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.rowcount : (outcome.reason as Error).name))
}

const addParent = 'insert into parent values (?)'
const addChild = 'insert into child values (?)'

/** Statements are run together when they have run before. */
async function warm(executor: Executor, schema = ''): Promise<void> {
  for (const sql of [addParent, addChild]) await executor.execute(sql.replace('into ', `into ${schema}`), [1])
}

/** A child before its parent is refused, and comes in behind it. */
async function expectEachAlone(executor: Executor, child = addChild, parent = addParent): Promise<void> {
  expect(await together(executor, [child, parent, child])).toEqual(['IntegrityError', 1, 1])
}

const deferred = 'references parent deferrable initially deferred'

describe.each(drivers)('autocommitting statements that wait together have the outcomes that each would have alone on %s', (driver) => {
  async function open(child: string, file = temporaryFile()): Promise<AsyncEngine> {
    const engine = openEngine({}, { driver, file })
    await engine.script(`create table parent (id integer primary key); create table child (id integer ${child})`)
    return engine
  }

  async function connect(child: string): Promise<AsyncConnection> {
    return await (await open(child)).connect()
  }

  test('through engine.execute', async () => {
    const engine = await open(deferred)
    await warm(engine)
    await expectEachAlone(engine)
  })

  test('where the key is deferred by a statement of the connection', async () => {
    const connection = await connect('references parent')
    await warm(connection)
    await expectEachAlone(connection)
    await connection.execute('delete from child where id = 9')
    await connection.execute('delete from parent where id = 9')
    await connection.execute('pragma defer_foreign_keys = on')
    await expectEachAlone(connection)
  })

  test('where it is deferred by a user of the handle', async () => {
    const connection = await connect('references parent')
    await warm(connection)
    await connection.driver.exec('pragma defer_foreign_keys = on')
    await expectEachAlone(connection)
  })

  test('where the key comes later: by a statement, from another connection, by a function in the worker', async () => {
    const engine = await open('')
    await using connection = await engine.connect()
    await using other = await engine.connect()
    const anew = `drop table child; create table child (id integer ${deferred}); delete from parent`
    await warm(connection)
    // Without a key the child needs no parent.
    expect(await together(connection, [addChild, addParent])).toEqual([1, 1])
    await other.script(anew)
    await warm(connection)
    await expectEachAlone(connection)
    await connection.script('drop table child; create table child (id integer); delete from parent')
    await warm(connection)
    expect(await together(connection, [addChild, addParent])).toEqual([1, 1])
    for (const sql of anew.split('; ')) await connection.call(functions, 'exec', sql)
    await warm(connection)
    await expectEachAlone(connection)
  })

  test('where the key is added to a table that is there', async () => {
    const connection = await connect('')
    await connection.execute('create table key_later (x)')
    await connection.execute(`alter table key_later add column parent ${deferred}`)
    const child = 'insert into key_later (parent) values (?)'
    await warm(connection)
    await connection.execute(child, [1])
    await expectEachAlone(connection, child)
  })

  test('in a temporary table', async () => {
    const connection = await connect('')
    await connection.script('create temporary table parent (id integer primary key)')
    await connection.script(`create temporary table child (id integer ${deferred})`)
    await warm(connection)
    await expectEachAlone(connection)
  })

  test('in an attached database', async () => {
    const connection = await connect('')
    await connection.execute('attach ? as other', [temporaryFile()])
    await connection.script(`create table other.parent (id integer primary key); create table other.child (id integer ${deferred})`)
    await warm(connection, 'other.')
    await expectEachAlone(connection, addChild.replace('into ', 'into other.'), addParent.replace('into ', 'into other.'))
  })

  test('where the keys of the database are not looked at', async () => {
    const engine = openEngine({ pragmas: { foreign_keys: 'OFF' } }, { driver })
    await engine.script(`create table parent (id integer primary key); create table child (id integer ${deferred})`)
    await warm(engine)
    expect(await together(engine, [addChild, addParent, addChild])).toEqual([1, 1, 1])
  })
})

import { expect, test } from 'vitest'
import { describeTargets, rejectionOf, textsOf } from './targets.ts'

const actions = "insert into log values (new.text); insert into log values ('again');"
/** Two statements for each row that `notes` gets. */
const triggers = {
  sqlite: `create trigger remember after insert on notes begin ${actions} end;`,
  mysql: `create trigger remember after insert on notes for each row begin ${actions} end;`,
  postgresql: `create function remember() returns trigger language plpgsql as $$ begin ${actions} return new; end $$;
    create trigger remember after insert on notes for each row execute function remember();`,
} as const

describeTargets((db) => {
  test('script() runs several statements, comments and triggers included', async () => {
    const engine = await db.notes()
    await using connection = await engine.connect()
    const text = `
      -- a table and a trigger
      create table log (entry varchar(100)); ${triggers[db.can.dialect]}
      insert into notes (text) values ('semicolon; inside');
      /* and no more */`
    await connection.script(text)
    expect(await textsOf(connection)).toEqual(['semicolon; inside'])
    expect(await connection.execute('select entry from log').scalars()).toEqual(['semicolon; inside', 'again'])
  })

  test('script() of the engine is stored and seen by everybody', async () => {
    const engine = await db.notes()
    await engine.script("insert into notes (text) values ('a'); insert into notes (text) values ('b')")
    expect(await textsOf(engine)).toEqual(['a', 'b'])
    await engine.script('')
    await engine.script(' -- nothing')
  })

  test('script() inside a transaction is part of it', async () => {
    const engine = await db.notes()
    const tx = await engine.begin()
    await tx.script("insert into notes (text) values ('a'); insert into notes (text) values ('b')")
    expect(await textsOf(tx)).toEqual(['a', 'b'])
    await tx.rollback()
    expect(await textsOf(engine)).toEqual([])
  })

  test('script() that fails keeps what its earlier statements did, unless a script is a transaction, and says what was wrong', async () => {
    const engine = await db.notes()
    for (const executor of [engine, await engine.connect()]) {
      const text = "insert into notes (text) values ('a'); insert into missing values (1); insert into notes (text) values ('b')"
      expect(await rejectionOf(executor.script(text))).toMatchObject({ name: 'ProgrammingError', driverCode: db.can.codes.noTable })
      expect(await textsOf(engine)).toEqual(db.can.scriptsAreTransactions ? [] : ['a'])
      await engine.execute('delete from notes')
      if (executor !== engine) await executor[Symbol.asyncDispose]()
    }
  })

  test('script() that fails inside its own BEGIN leaves no transaction open', async () => {
    const engine = await db.notes()
    await using connection = await engine.connect()
    const text = "begin; insert into notes (text) values ('a'); insert into notes (text) values ('a'); commit"
    expect(await rejectionOf(connection.script(text))).toMatchObject({ name: 'IntegrityError' })
    expect(connection.inTransaction()).toBe(false)
    await connection.execute("insert into notes (text) values ('next')")
    expect(await textsOf(engine)).toEqual(['next'])
    expect(await rejectionOf(engine.script(text))).toMatchObject({ name: 'IntegrityError' })
    expect(await textsOf(engine)).toEqual(['next'])
  })

  test('script() that fails inside a transaction leaves that one open', async () => {
    const engine = await db.notes()
    await using connection = await engine.connect()
    const tx = await connection.begin()
    await tx.execute("insert into notes (text) values ('a')")
    await rejectionOf(tx.script("insert into notes (text) values ('b'); insert into missing values (1)"))
    expect([tx.isActive, connection.inTransaction()]).toEqual([true, true])
    await tx.rollback()
    expect(await textsOf(engine)).toEqual([])
  })

  test('script() may hold its own transaction', async () => {
    const engine = await db.notes()
    await engine.script("begin; insert into notes (text) values ('a'); commit; insert into notes (text) values ('b')")
    expect(await textsOf(engine)).toEqual(['a', 'b'])
  })

  test('script() of the engine that leaves its transaction open says that it is lost', async () => {
    const engine = await db.notes()
    const error = await rejectionOf(engine.script("begin; insert into notes (text) values ('a')"))
    expect(error).toMatchObject({ name: 'InvalidRequestError', message: expect.stringContaining('COMMIT') })
    expect(await textsOf(engine)).toEqual([])
    await using connection = await engine.connect()
    await connection.script("begin; insert into notes (text) values ('b')")
    expect(connection.inTransaction()).toBe(true)
    await connection.script('commit')
    expect(await textsOf(engine)).toEqual(['b'])
  })

  test('script() takes a string, without NUL', async () => {
    const engine = db.engine()
    expect(await rejectionOf(engine.script(5 as never))).toMatchObject({ name: 'TypeError' })
    expect(await rejectionOf(engine.script('select 1; \0 select 2'))).toMatchObject({ name: 'ProgrammingError' })
  })
})

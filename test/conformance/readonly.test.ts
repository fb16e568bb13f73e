import { readFileSync } from 'node:fs'
import { type AsyncTransaction, createEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeFiles, describeTargets, rejectionOf, textsOf } from './targets.ts'

describeTargets((db) => {
  const { insert } = db
  const refused = { name: 'OperationalError', driverCode: expect.stringMatching(db.can.codes.readonly) }

  describe('begin({ readonly })', () => {
    test('of engine and connection reads and refuses to write', async () => {
      const engine = await db.notes()
      await engine.execute(insert, ['a'])
      await using connection = await engine.connect()
      for (const executor of [engine, connection]) {
        const writes: ((tx: AsyncTransaction) => unknown)[] = [
          (tx) => tx.execute(insert, ['b']),
          (tx) => tx.execute('create table made (x integer)'),
          (tx) => tx.executeMany(insert, [['b']]),
          (tx) => tx.script("insert into notes (text) values ('b')"),
        ]
        for (const write of writes) {
          const tx = await executor.begin({ readonly: true })
          expect(await textsOf(tx)).toEqual(['a'])
          expect(await rejectionOf(() => write(tx)), String(write)).toMatchObject(refused)
          await tx.rollback()
        }
        const tx = await executor.begin({ readonly: true })
        expect(await textsOf(tx)).toEqual(['a'])
        await tx.commit()
      }
      expect(await textsOf(engine)).toEqual(['a'])
    })

    test.each(['commit', 'rollback', 'close'] as const)('of a connection lets it write again after %s()', async (end) => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      const tx = await connection.begin({ readonly: true })
      expect(await textsOf(tx)).toEqual([])
      await Promise.all([tx[end](), connection.execute(insert, ['a'])])
      await connection.transaction(async (next) => next.execute(insert, ['b']))
      expect(await textsOf(engine)).toEqual(['a', 'b'])
    })

    test('that was left open hands on a connection that writes', async () => {
      const engine = await db.notes({ pool: { max: 1 } })
      {
        await using connection = await engine.connect()
        await connection.begin({ readonly: true })
      }
      await using connection = await engine.connect()
      await connection.execute(insert, ['a'])
      expect(await textsOf(connection)).toEqual(['a'])
    })

    test('is one picture of the database from beginning to end', async () => {
      const engine = await db.notes()
      await engine.execute(insert, ['a'])
      const tx = await engine.begin({ readonly: true, isolationLevel: 'repeatable read' })
      expect(await textsOf(tx)).toEqual(['a'])
      const write = engine.execute(insert, ['b'])
      if (db.can.snapshotsBesideWriters) await write
      expect(await textsOf(tx)).toEqual(['a'])
      await tx.commit()
      await write
      expect(await textsOf(engine)).toEqual(['a', 'b'])
    })

    test('holds no other reader up', async () => {
      const engine = await db.notes()
      const transactions = await Promise.all([engine.begin({ readonly: true }), engine.begin({ readonly: true })])
      expect(await Promise.all(transactions.map((tx) => tx.scalar('select count(*) from notes')))).toEqual([0, 0])
      expect(await engine.scalar('select count(*) from notes')).toBe(0)
      await Promise.all(transactions.map((tx) => tx.commit()))
    })

    test('belongs to transaction(fn), too', async () => {
      const engine = await db.notes()
      await using connection = await engine.connect()
      for (const executor of [engine, connection]) {
        const error = await rejectionOf(executor.transaction(async (tx) => tx.execute(insert, ['a']), { readonly: true }))
        expect(error).toMatchObject(refused)
        expect(await executor.transaction(async (tx) => tx.scalar('select count(*) from notes'), { readonly: true })).toBe(0)
      }
      await connection.execute(insert, ['b'])
      expect(await textsOf(engine)).toEqual(['b'])
    })
  })

  describe('connect({ readonly })', () => {
    test('reads and refuses to write', async () => {
      const engine = await db.notes()
      await engine.execute(insert, ['a'])
      await using connection = await engine.connect({ readonly: true })
      expect(await textsOf(connection)).toEqual(['a'])
      expect(await rejectionOf(connection.execute(insert, ['b']))).toMatchObject(refused)
      expect(await rejectionOf(connection.executeMany(insert, [['b']]))).toMatchObject(refused)
      expect(await rejectionOf(connection.script("insert into notes (text) values ('b')"))).toMatchObject(refused)
      const tx = await connection.begin()
      expect(await rejectionOf(tx.execute(insert, ['b']))).toMatchObject(refused)
      await tx.rollback()
      expect(await textsOf(engine)).toEqual(['a'])
    })

    test('and connect() give the same thread one after the other, each as it was asked for', async () => {
      const engine = await db.notes({ pool: { max: 1 } })
      for (let n = 0; n < 4; n++) {
        const readonly = n % 2 === 0
        await using connection = await engine.connect({ readonly })
        const settled = await connection.execute(insert, [`${n}`]).then(
          () => 'written',
          () => 'refused',
        )
        expect(settled).toBe(readonly ? 'refused' : 'written')
      }
      expect(await textsOf(engine)).toEqual(['1', '3'])
    })
  })
})

describeFiles((db) => {
  const { insert } = db
  const refused = { name: 'OperationalError', driverCode: expect.stringMatching(db.can.codes.readonly) }

  test('connect({ readonly }) as the first use of a file that exists opens it', async () => {
    await using maker = createEngine(db.url)
    await maker.script("create table notes (id integer primary key, text text); insert into notes (text) values ('a')")
    await maker.close()
    const engine = db.engine()
    await using connection = await engine.connect({ readonly: true })
    expect(await textsOf(connection)).toEqual(['a'])
  })

  test('a URL with mode=ro never writes, whoever has used the connection before', async () => {
    const writer = await db.notes()
    const engine = createEngine(`${db.url}?mode=ro`, { pool: { max: 1 } })
    for (let use = 0; use < 3; use++) {
      const connection = await engine.connect()
      expect(await rejectionOf(connection.execute(insert, ['a']))).toMatchObject(refused)
      await connection.close()
      expect(await rejectionOf(engine.executeMany(insert, [['a']]))).toMatchObject(refused)
      expect(await rejectionOf(engine.transaction((tx) => tx.execute(insert, ['a'])))).toMatchObject(refused)
    }
    await engine.close()
    expect(await textsOf(writer)).toEqual([])
  })

  test('a pragma of an engine with mode=ro leaves the file as it is, and the engine unable to write', async () => {
    const maker = createEngine(db.url, { pragmas: { journal_mode: 'delete' } })
    await maker.script('create table notes (id integer primary key, text text)')
    await maker.close()
    const file = createEngine(db.url).url.database as string
    const before = readFileSync(file)
    await using engine = createEngine(`${db.url}?mode=ro`)
    for (let use = 0; use < 3; use++) {
      expect(await engine.scalar('pragma user_version')).toBe(0)
      expect(await rejectionOf(engine.execute(insert, ['a']))).toMatchObject(refused)
    }
    await engine.close()
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('a URL with mode=ro opens the file for reading only, whatever it is asked for', async () => {
    const maker = db.engine()
    await maker.script("create table notes (id integer primary key, text text); insert into notes (text) values ('a')")
    await using engine = createEngine(`${db.url}?mode=ro`)
    expect(await textsOf(engine)).toEqual(['a'])
    expect(await rejectionOf(engine.execute(insert, ['b']))).toMatchObject(refused)
    await using connection = await engine.connect()
    expect(await rejectionOf(connection.execute(insert, ['b']))).toMatchObject(refused)
  })
})

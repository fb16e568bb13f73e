import { type Kysely, sql } from 'kysely'
import { CommitOutcomeUnknownError, TransactionAbortedError, WorkerTerminatedError } from 'offloop'
import { kysely } from 'offloop/kysely'
import { describe, expect, test } from 'vitest'
import { describeTargets, rejectionOf } from '../../conformance/targets.ts'
import { addNotes, type Database, openNotes, textsOf } from './notes.ts'

/** Ends the connection that `db` is bound to, as a crash would. */
const deadly: Readonly<Record<'sqlite' | 'postgresql' | 'mysql', (db: Kysely<Database>) => Promise<unknown>>> = {
  sqlite: (db) => sql`select die()`.execute(db),
  postgresql: (db) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(db),
  mysql: (db) => sql`kill connection_id()`.execute(db),
}

describeTargets((fixture) => {
  const { dialect } = fixture.can

  test('a transaction stores what it has done when its function returns, and nothing when it throws', async () => {
    const db = await openNotes(fixture)
    const value = await db.transaction().execute(async (trx) => {
      await addNotes(trx, 'a', 'b')
      expect(await textsOf(trx)).toEqual(['a', 'b'])
      return 7
    })
    expect(value).toBe(7)
    const undone = db.transaction().execute(async (trx) => {
      await addNotes(trx, 'c')
      throw new Error('undo')
    })
    expect(await rejectionOf(undone)).toMatchObject({ message: 'undo' })
    expect(await textsOf(db)).toEqual(['a', 'b'])
  })

  test('two transactions at once keep to themselves', async () => {
    const db = await openNotes(fixture)
    const [, refused] = await Promise.all([
      db.transaction().execute(async (trx) => {
        await addNotes(trx, 'a')
        await addNotes(trx, 'b')
      }),
      rejectionOf(
        db.transaction().execute(async (trx) => {
          await addNotes(trx, 'c')
          await addNotes(trx, 'd')
          throw new Error('undo')
        }),
      ),
      addNotes(db, 'e'),
    ])
    expect(refused).toMatchObject({ message: 'undo' })
    expect([...(await textsOf(db))].sort()).toEqual(['a', 'b', 'e'])
  })

  test('a controlled transaction is begun, committed and rolled back by hand', async () => {
    const db = await openNotes(fixture)
    const first = await db.startTransaction().execute()
    await addNotes(first, 'a')
    await first.commit().execute()
    const second = await db.startTransaction().execute()
    await addNotes(second, 'b')
    await second.rollback().execute()
    expect([first.isCommitted, second.isRolledBack]).toEqual([true, true])
    expect(await textsOf(db)).toEqual(['a'])
  })

  test.for(['read uncommitted', 'read committed', 'repeatable read', 'serializable'] as const)(
    'a transaction of level %s is begun with it',
    async (level) => {
      const db = await openNotes(fixture)
      await db
        .transaction()
        .setIsolationLevel(level)
        .execute(async (trx) => {
          await addNotes(trx, 'a')
          if (dialect !== 'postgresql') return
          const { rows } = await sql`select current_setting('transaction_isolation') as level`.execute(trx)
          expect(rows).toEqual([{ level }])
        })
      expect(await textsOf(db)).toEqual(['a'])
    },
  )

  test('a level that no database has is refused by name, and nothing is begun', async () => {
    const engine = fixture.engine({})
    const db = kysely<Database>(engine)
    const refused = db
      .transaction()
      .setIsolationLevel('snapshot')
      .execute(async () => expect.fail('the transaction has begun'))
    expect(await rejectionOf(refused)).toMatchObject({ name: 'NotSupportedError', message: expect.stringContaining("'snapshot'") })
    expect(engine.status()).toMatchObject({ size: 0, inUse: 0 })
  })

  test('a read-only transaction reads, and is kept from writing by the database', async () => {
    const db = await openNotes(fixture)
    await addNotes(db, 'a')
    const readOnly = db.transaction().setAccessMode('read only')
    expect(await readOnly.execute(textsOf)).toEqual(['a'])
    const error = await rejectionOf(readOnly.execute((trx) => addNotes(trx, 'b')))
    expect(error).toMatchObject({ driverCode: expect.stringMatching(fixture.can.codes.readonly) })
    await db
      .transaction()
      .setAccessMode('read write')
      .execute((trx) => addNotes(trx, 'c'))
    expect(await textsOf(db)).toEqual(['a', 'c'])
  })

  test('a statement that comes behind the end of its transaction is refused, and stores nothing', async () => {
    const db = await openNotes(fixture)
    let late: Promise<Error> | undefined
    await db.transaction().execute(async (trx) => {
      await addNotes(trx, 'a')
      // Nobody waits for them, and Kysely sends one when the other has been answered: the commit overtakes the second.
      void addNotes(trx, 'b')
      late = rejectionOf(addNotes(trx, 'c'))
    })
    expect(await late).toMatchObject({ name: 'InvalidRequestError', message: 'This transaction is inactive' })
    expect(await textsOf(db)).toEqual(['a', 'b'])
  })

  describe('a savepoint', () => {
    test('undoes what came behind it, as often as it is asked to', async () => {
      const db = await openNotes(fixture)
      const trx = await db.startTransaction().execute()
      await addNotes(trx, 'a')
      const inside = await trx.savepoint('inside').execute()
      for (let time = 0; time < 2; time++) {
        await addNotes(inside, 'b')
        const deeper = await inside.savepoint('deeper').execute()
        await addNotes(deeper, 'c')
        await deeper.rollbackToSavepoint('inside').execute()
        expect(await textsOf(trx)).toEqual(['a'])
      }
      await addNotes(inside, 'd')
      await inside.commit().execute()
      expect(await textsOf(db)).toEqual(['a', 'd'])
    })

    test('is released with those behind it', async () => {
      const db = await openNotes(fixture)
      const trx = await db.startTransaction().execute()
      const outer = await trx.savepoint('outer').execute()
      const inner = await outer.savepoint('inner').execute()
      await addNotes(inner, 'a')
      await inner.releaseSavepoint('outer').execute()
      expect(await rejectionOf(inner.rollbackToSavepoint('inner').execute())).toMatchObject({ name: 'ProgrammingError' })
      await addNotes(trx, 'b')
      await trx.commit().execute()
      expect(await textsOf(db)).toEqual(['a', 'b'])
    })

    test('saves a transaction from a statement that fails', async () => {
      const db = await openNotes(fixture)
      await addNotes(db, 'a')
      const trx = await db.startTransaction().execute()
      const inside = await trx.savepoint('inside').execute()
      expect(await rejectionOf(addNotes(inside, 'a'))).toMatchObject({ name: 'IntegrityError' })
      await inside.rollbackToSavepoint('inside').execute()
      await addNotes(inside, 'b')
      await trx.commit().execute()
      expect(await textsOf(db)).toEqual(['a', 'b'])
    })

    test('of one name hides the one before, until it is released', async () => {
      const db = await openNotes(fixture)
      const trx = await db.startTransaction().execute()
      const outer = await trx.savepoint('same').execute()
      await addNotes(outer, 'a')
      const inner = await outer.savepoint('same').execute()
      await addNotes(inner, 'b')
      await inner.rollbackToSavepoint('same').execute()
      expect(await textsOf(trx)).toEqual(['a'])
      await inner.releaseSavepoint('same').execute()
      await outer.rollbackToSavepoint('same').execute()
      await trx.commit().execute()
      expect(await textsOf(db)).toEqual([])
    })
  })

  test.runIf(fixture.can.rollbackOnConflict)('a transaction that SQLite has ended autocommits nothing that comes behind', async () => {
    const db = await openNotes(fixture)
    const ended = db.transaction().execute(async (trx) => {
      await addNotes(trx, 'a')
      expect(await rejectionOf(sql`insert or rollback into notes (text) values ('a')`.execute(trx))).toMatchObject({
        name: 'IntegrityError',
      })
      await addNotes(trx, 'b')
    })
    expect(await rejectionOf(ended)).toBeInstanceOf(TransactionAbortedError)
    expect(await textsOf(db)).toEqual([])
  })

  test.runIf(!fixture.can.survivesFailedStatements)(
    'a transaction that a failed statement has doomed is rolled back by its commit',
    async () => {
      const engine = await fixture.notes()
      const db = kysely<Database>(engine)
      await addNotes(db, 'a')
      const doom = async (trx: Kysely<Database>): Promise<void> => {
        await addNotes(trx, 'b')
        expect(await rejectionOf(addNotes(trx, 'a'))).toMatchObject({ name: 'IntegrityError' })
      }
      expect(await rejectionOf(db.transaction().execute(doom))).toBeInstanceOf(TransactionAbortedError)
      const trx = await db.startTransaction().execute()
      await doom(trx)
      expect(await rejectionOf(trx.commit().execute())).toBeInstanceOf(TransactionAbortedError)
      expect(trx.isRolledBack).toBe(true)
      await trx.rollback().execute()
      expect(await textsOf(db)).toEqual(['a'])
    },
  )

  test('a connection that dies inside a transaction takes it along, and the next one works', async () => {
    const setup = fixture.module('die.mjs', "export default (db) => db.function('die', () => process.exit(1))")
    const engine = await fixture.notes(dialect === 'sqlite' ? { setup } : {})
    const db = kysely<Database>(engine)
    // A database in memory ends with its last connection: this is another one.
    await addNotes(db, 'a')
    const dying = db.transaction().execute(async (trx) => {
      await addNotes(trx, 'b')
      const error = await rejectionOf(deadly[dialect](trx))
      if (dialect === 'sqlite') expect(error).toBeInstanceOf(WorkerTerminatedError)
      else expect(error).toMatchObject({ name: 'OperationalError' })
      await addNotes(trx, 'c')
    })
    expect(await rejectionOf(dying)).toMatchObject({ name: expect.stringMatching(/^(WorkerTerminated|Operational)Error$/) })
    expect(await textsOf(db)).toEqual(['a'])
    await db.transaction().execute((trx) => addNotes(trx, 'd'))
    expect(engine.status().inUse).toBe(0)
  })

  test.runIf(dialect === 'postgresql')('a connection that dies in its COMMIT leaves it unknown whether that is stored', async () => {
    const db = await openNotes(fixture)
    await sql`create function die() returns trigger language plpgsql as $$
      begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(10); return null; end $$`.execute(db)
    await sql`create constraint trigger dies after insert on notes deferrable initially deferred
      for each row execute function die()`.execute(db)
    const error = await rejectionOf(db.transaction().execute((trx) => addNotes(trx, 'a')))
    expect(error).toBeInstanceOf(CommitOutcomeUnknownError)
    expect(await textsOf(db)).toEqual([])
  })

  test('a log of Kysely tells of a transaction what its own dialect would', async () => {
    const engine = await fixture.notes()
    const told: string[] = []
    const db = kysely<Database>(engine, { log: ({ query }) => void told.push(query.sql) })
    const trx = await db.startTransaction().setIsolationLevel('serializable').execute()
    const inside = await trx.savepoint('inside').execute()
    await inside.rollbackToSavepoint('inside').execute()
    await inside.releaseSavepoint('inside').execute()
    await trx.commit().execute()
    await db.transaction().execute(async () => {})
    const begin = {
      sqlite: ['begin'],
      postgresql: ['start transaction isolation level serializable'],
      mysql: ['set transaction isolation level serializable', 'begin'],
    }
    const names = dialect === 'mysql' ? ['savepoint `inside`', 'rollback to `inside`', 'release savepoint `inside`'] : null
    const savepoints = names ?? ['savepoint "inside"', 'rollback to "inside"', 'release "inside"']
    expect(told).toEqual([...begin[dialect], ...savepoints, 'commit', 'begin', 'commit'])
  })
})

import { type AbortableQueryOptions, type Kysely, sql } from 'kysely'
import { type AsyncEngine, createEngine } from 'offloop'
import { kysely } from 'offloop/kysely'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { describeTargets, rejectionOf } from '../../conformance/targets.ts'
import { addNotes, type Database, textsOf } from './notes.ts'

/** Without an end, or nearly so. */
const endless = {
  sqlite: sql`with recursive n(i) as (select 1 union all select i + 1 from n) select i from n`,
  postgresql: sql`select pg_sleep(1000)`,
  mysql: sql`select sleep(1000)`,
}

/** Writes the note 'late', and not at once. */
const lateNote = {
  sqlite: sql`insert into notes (text) select 'late' from (
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) select count(*) from n)`,
  postgresql: sql`insert into notes (text) select 'late' from pg_sleep(0.2)`,
  mysql: sql`insert into notes (text) select 'late' from (select sleep(0.2)) as slept`,
}

/** Counts those that are running on a server. */
const running = {
  postgresql: "select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(1000)'",
  mysql: "select count(*) from information_schema.processlist where info = 'select sleep(1000)'",
}

const reason = new Error('enough')

describeTargets((fixture) => {
  const { dialect } = fixture.can

  // Kysely tells there of what it no longer waits for.
  beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))
  afterEach(() => void vi.restoreAllMocks())

  /** Runs a statement without an end until it is under way, aborts, and gives what it has failed with. */
  async function abortEndless(
    engine: AsyncEngine,
    db: Kysely<Database>,
    inflightQueryAbortStrategy: AbortableQueryOptions['inflightQueryAbortStrategy'],
  ): Promise<Error> {
    const abort = new AbortController()
    const aborted = rejectionOf(endless[dialect].execute(db, { signal: abort.signal, inflightQueryAbortStrategy }))
    while (pendingOf(engine) === 0) await turn()
    if (dialect !== 'sqlite') {
      await using beside = createEngine(fixture.url, { placement: 'main' })
      while ((await beside.scalar(running[dialect])) === 0);
    }
    abort.abort(reason)
    return await aborted
  }

  test('a statement that is only ignored runs to its end, and then gives its connection back', async () => {
    const engine = await fixture.notes({ pool: { max: 1 } })
    const db = kysely<Database>(engine)
    const abort = new AbortController()
    const aborted = rejectionOf(lateNote[dialect].execute(db, { signal: abort.signal, inflightQueryAbortStrategy: 'ignore query' }))
    while (pendingOf(engine) === 0) await turn()
    abort.abort(reason)
    expect(await aborted).toBe(reason)
    while (engine.status().inUse > 0) await turn()
    expect(await textsOf(db)).toEqual(['late'])
  })

  test('a statement that is cancelled ends in the database, and its connection serves the next', async () => {
    const engine = await fixture.notes({ pool: { max: 1 } })
    const db = kysely<Database>(engine)
    expect(await abortEndless(engine, db, 'cancel query')).toBe(reason)
    await db.connection().execute((connection) => addNotes(connection, 'a'))
    expect(await textsOf(db)).toEqual(['a'])
    // Its connection comes back when the server has answered.
    while (engine.status().quarantined > 0) await turn()
    expect(engine.status().inUse).toBe(0)
  })

  test('a statement that is cancelled inside a transaction leaves the rest of it to the transaction', async () => {
    const engine = await fixture.notes()
    const db = kysely<Database>(engine)
    const work = db.transaction().execute(async (trx) => {
      await addNotes(trx, 'a')
      expect(await abortEndless(engine, trx, 'cancel query')).toBe(reason)
      await addNotes(trx, 'b')
    })
    if (fixture.can.survivesFailedStatements) await work
    else expect(await rejectionOf(work)).toMatchObject({ name: 'TransactionAbortedError' })
    expect(await textsOf(db)).toEqual(fixture.can.survivesFailedStatements ? ['a', 'b'] : [])
  })

  test('a killed session takes its transaction along, and the next one works', async () => {
    const engine = await fixture.notes({ pool: { max: 2 } })
    const db = kysely<Database>(engine)
    const killed = db.transaction().execute(async (trx) => {
      await addNotes(trx, 'a')
      expect(await abortEndless(engine, trx, 'kill session')).toBe(reason)
      await addNotes(trx, 'b')
    })
    expect(await rejectionOf(killed)).toMatchObject({ name: expect.stringMatching(/^(ResourceClosed|InvalidRequest)Error$/) })
    await db.transaction().execute((trx) => addNotes(trx, 'c'))
    expect(await textsOf(db)).toEqual(['c'])
  })

  test('a signal that has aborted already keeps everything from being sent', async () => {
    const engine = fixture.engine({})
    const db: Kysely<Database> = kysely(engine)
    const signal = AbortSignal.abort(reason)
    expect(await rejectionOf(db.selectFrom('notes').selectAll().execute({ signal }))).toBe(reason)
    expect(engine.status().size).toBe(0)
  })
})

function pendingOf(engine: AsyncEngine): number {
  return engine.status().workers.reduce((sum, { pending }) => sum + pending, 0)
}

const turn = (): Promise<void> => new Promise(setImmediate)

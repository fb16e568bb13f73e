import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { BroadcastChannel } from 'node:worker_threads'
import { InvalidRequestError, StatementTimeoutError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { driverNames } from '../soak/scratch.ts'
import { bySignal, byTimeout, reason } from './giving-up.ts'
import { expectPristine, openEngine, rejectionOf, temporaryFile, turn, untilNothingIsQuarantined } from './test-engine.ts'

/** Yields rows without end. */
const endlessRows = 'with recursive n(i) as (select 1 union all select i + 1 from n) select i from n'
/** One native call of a second or so, that tells when it has begun. */
const longCall =
  "with recursive n(i) as (select announce('offloop-inside') union all select i + 1 from n where i < 2500000) select count(*) from n"
const mediumCall = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500000) select count(*) from n'
/** One native call that is over soon, but not before the event loop has turned. */
const shortCall = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000) select count(*) from n'

const setup = new URL('modules/announce.ts', import.meta.url)

describe.each(driverNames)('%s', (driverName) => {
  describe.each([bySignal, byTimeout])('$how', ({ begin }) => {
    test('a queued statement never runs, and those around it do', async () => {
      const engine = openEngine({ driverName })
      await engine.script('create table t (x)')
      const conn = await engine.connect()
      const running = conn.scalar(mediumCall)
      const given = begin()
      const queued = rejectionOf(conn.execute('insert into t values (1)', [], given.options))
      const behind = conn.execute('insert into t values (2)')
      given.now()
      given.check(await queued)
      await Promise.all([running, behind])
      expect(await conn.execute('select x from t').scalars()).toEqual([2])
      await conn.close()
    })

    test('a statement that yields rows stops between them, and the connection lives', async () => {
      const engine = openEngine({ driverName, pool: { max: 1 } })
      const conn = await engine.connect()
      const given = begin()
      const running = rejectionOf(conn.execute(endlessRows, [], given.options).fetchall())
      await turn()
      given.now()
      given.check(await running)
      expect(await conn.scalar('select 1')).toBe(1)
      expect(engine.status()).toMatchObject({ inUse: 1, quarantined: 0 })
      await conn.close()
    })

    test('a transaction that a stopped reader was part of goes on', async () => {
      const engine = openEngine({ driverName })
      await engine.script('create table t (x)')
      await engine.transaction(async (tx) => {
        await tx.execute('insert into t values (1)')
        const given = begin()
        const running = rejectionOf(tx.execute(endlessRows, [], given.options).fetchall())
        await turn()
        given.now()
        given.check(await running)
        await tx.execute('insert into t values (2)')
      })
      expect(await engine.execute('select x from t').scalars()).toEqual([1, 2])
    })

    test('a statement inside one native call rejects at once, its connection is quarantined and comes back', async () => {
      const engine = openEngine({ driverName, pool: { max: 1 }, setup })
      const conn = await engine.connect()
      const given = begin()
      const inside = announcement('offloop-inside')
      const running = rejectionOf(conn.execute(longCall, [], given.options))
      await inside
      given.now()
      given.check(await running)
      expect(engine.status()).toMatchObject({ quarantined: 1 })
      // Its place is another's.
      const other = await engine.connect()
      expect(await other.scalar('select 1')).toBe(1)
      await other.close()
      await conn.close()
      await engine.close()
      expect(engine.status()).toMatchObject({ quarantined: 0, inUse: 0, size: 0 })
    })

    test('what comes behind a statement that was given up inside a native call waits for it', async () => {
      const engine = openEngine({ driverName })
      const conn = await engine.connect()
      const given = begin()
      const running = rejectionOf(conn.execute(mediumCall, [], given.options))
      await turn()
      given.now()
      given.check(await running)
      expect(await conn.scalar('select 1')).toBe(1)
      expect(engine.status()).toMatchObject({ quarantined: 0, inUse: 1 })
      await conn.close()
    })

    test('an implicit statement inside one native call rejects at once, and the engine goes on', async () => {
      const engine = openEngine({ driverName, readers: 1 })
      await engine.scalar('select 1')
      const given = begin()
      const running = rejectionOf(engine.execute(mediumCall, [], given.options))
      await turn()
      given.now()
      given.check(await running)
      expect(engine.status().quarantined).toBe(1)
      expect(await engine.scalar('select 1')).toBe(1)
      await untilNothingIsQuarantined(engine)
    })

    test('rows that have come already are not given out any more', async () => {
      const engine = openEngine({ driverName })
      const conn = await engine.connect()
      for (const rows of [10, 500, 3_000]) {
        const query = `with recursive n(i) as (select 1 union all select i + 1 from n limit ${rows}) select i from n`
        const abort = new AbortController()
        let seen = 0
        const reading = async (): Promise<void> => {
          for await (const _ of conn.stream(query, [], { signal: abort.signal })) if (++seen === 5) abort.abort(reason)
        }
        expect(await rejectionOf(reading())).toMatchObject({ name: 'AbortError', cause: reason })
        expect(seen).toBe(5)
        const later = new AbortController()
        const result = await conn.execute(query, [], { signal: later.signal })
        later.abort(reason)
        expect(await rejectionOf(result.fetchall())).toMatchObject({ name: 'AbortError', cause: reason })
      }
      expect(await conn.scalar('select 1')).toBe(1)
      await conn.close()
    })

    test('waiting for the pool', async () => {
      const engine = openEngine({ driverName, pool: { max: 1 } })
      const conn = await engine.connect()
      for (const use of [
        (options: object) => engine.connect(options),
        (options: object) => engine.begin(options),
        (options: object) => engine.transaction(async () => {}, options),
      ]) {
        const given = begin()
        const waiting = rejectionOf(use(given.options))
        expect(engine.status().waiting).toBe(1)
        given.now()
        const error = await waiting
        if (given.options.signal === undefined) expect(error).toMatchObject({ code: 'OFFLOOP_POOL_TIMEOUT' })
        else given.check(error)
        expect(engine.status()).toMatchObject({ waiting: 0, inUse: 1 })
      }
      await conn.close()
      await (await engine.connect()).close()
    })

    test('waiting for the write turn', async () => {
      const engine = openEngine({ driverName })
      await engine.script('create table t (x)')
      const writer = await engine.begin()
      const conn = await engine.connect()
      const uses: readonly ((options: object) => PromiseLike<unknown>)[] = [
        (options) => conn.execute('insert into t values (1)', [], options),
        (options) => conn.begin(options),
        (options) => conn.transaction(async () => {}, options),
        (options) => engine.execute('insert into t values (1)', [], options),
        (options) => engine.begin(options),
        (options) => engine.transaction(async () => {}, options),
      ]
      for (const use of uses) {
        const given = begin()
        const waiting = rejectionOf(use(given.options))
        await turn()
        given.now()
        given.check(await waiting)
      }
      await writer.execute('insert into t values (2)')
      await writer.commit()
      expect(conn.inTransaction()).toBe(false)
      await conn.execute('insert into t values (3)')
      await conn.close()
      expect(await engine.execute('select x from t').scalars()).toEqual([2, 3])
      await expectPristine(engine)
    })

    test('waiting for the turn on a connection', async () => {
      const engine = openEngine({ driverName })
      const conn = await engine.connect()
      const end = Promise.withResolvers<void>()
      const working = conn.transaction(() => end.promise)
      await turn()
      for (const use of [
        (options: object) => conn.execute('select 1', [], options),
        (options: object) => conn.begin(options),
        (options: object) => conn.transaction(async () => {}, options),
      ]) {
        const given = begin()
        const waiting = rejectionOf(use(given.options))
        await turn()
        given.now()
        given.check(await waiting)
      }
      end.resolve()
      await working
      expect(await conn.scalar('select 1')).toBe(1)
      await conn.close()
    })

    test('a BEGIN that waits for the lock of another process', async () => {
      const file = temporaryFile()
      const engine = openEngine({ driverName, file })
      // Another engine stands for another process: the queue of writers is one engine's own.
      const holder = await openEngine({ driverName, file }).begin()
      const conn = await engine.connect()
      const given = begin()
      const waiting = rejectionOf(conn.begin(given.options))
      const behind = rejectionOf(conn.execute('create table behind (x)'))
      await turn()
      given.now()
      given.check(await waiting)
      const refused = await behind
      expect(refused).toBeInstanceOf(InvalidRequestError)
      given.check(refused.cause as Error)
      await holder.commit()
      // The connection answers when its BEGIN has ended, and is in no transaction.
      expect(await conn.scalar('select 1')).toBe(1)
      expect(conn.inTransaction()).toBe(false)
      expect(await engine.hasTable('behind')).toBe(false)
      const tx = await conn.begin()
      await tx.commit()
      await conn.close()
      await expectPristine(engine)
    })
  })

  test('a cursor that is read slowly, by its signal', async () => {
    const engine = openEngine({ driverName })
    const conn = await engine.connect()
    const given = bySignal.begin()
    const result = await conn.execute(endlessRows, [], given.options)
    expect(await result.fetchone()).toEqual({ i: 1 })
    given.now()
    given.check(await rejectionOf(result.fetchall()))
    given.check(await rejectionOf(result.fetchone()))
    await result.close()
    expect(await conn.scalar('select 1')).toBe(1)
    await conn.close()
    await expectPristine(engine)
  })

  test('a stream that is aborted ends with AbortError, and its connection is free', async () => {
    const engine = openEngine({ driverName, pool: { max: 1 } })
    for (const source of ['engine', 'connection'] as const) {
      const conn = source === 'engine' ? null : await engine.connect()
      const abort = new AbortController()
      const read = async (): Promise<void> => {
        for await (const row of (conn ?? engine).stream<{ readonly i: number }>(endlessRows, [], { signal: abort.signal })) {
          if (row.i === 3_000) abort.abort(reason)
        }
      }
      expect(await rejectionOf(read())).toMatchObject({ name: 'AbortError', cause: reason })
      if (conn !== null) expect(await conn.scalar('select 1')).toBe(1)
      await conn?.close()
      await expectPristine(engine)
    }
  })

  test('a signal that has aborted already', async () => {
    const engine = openEngine({ driverName, pool: { max: 1 } })
    await engine.script('create table t (x)')
    const conn = await engine.connect()
    const signal = AbortSignal.abort(reason)
    const insert = 'insert into t values (1)'
    const uses: readonly PromiseLike<unknown>[] = [
      conn.execute(insert, [], { signal }),
      conn.execute(insert, [], { signal }).fetchall(),
      conn.scalar(insert, [], { signal }),
      conn.stream(insert, [], { signal })[Symbol.asyncIterator]().next(),
      conn.begin({ signal }),
      conn.transaction(() => Promise.resolve(), { signal }),
      conn.backup(temporaryFile(), { signal }),
      engine.execute(insert, [], { signal }),
      engine.scalar(insert, [], { signal }),
      engine.stream(insert, [], { signal })[Symbol.asyncIterator]().next(),
      engine.connect({ signal }),
      engine.begin({ signal }),
      engine.transaction(() => Promise.resolve(), { signal }),
      engine.backup(temporaryFile(), { signal }),
    ]
    for (const error of await Promise.all(uses.map(rejectionOf))) expect(error).toMatchObject({ name: 'AbortError', cause: reason })
    expect(await conn.scalar('select count(*) from t')).toBe(0)
    await conn.close()
    await expectPristine(engine)
  })

  test('a signal that aborts without a reason gives its own AbortError as cause', async () => {
    const error = await rejectionOf(openEngine({ driverName }).execute('select 1', [], { signal: AbortSignal.abort() }))
    expect(error).toMatchObject({ name: 'AbortError', cause: { name: 'AbortError' } })
  })

  test('statementTimeoutMs is the time of every statement that says nothing else', async () => {
    const engine = openEngine({ driverName, statementTimeoutMs: 50 })
    const conn = await engine.connect()
    expect(await rejectionOf(conn.execute(endlessRows).fetchall())).toBeInstanceOf(StatementTimeoutError)
    expect(await rejectionOf(engine.execute(endlessRows).fetchall())).toBeInstanceOf(StatementTimeoutError)
    expect(await rejectionOf(conn.scalar(mediumCall))).toBeInstanceOf(StatementTimeoutError)
    await conn.close()
    const other = await engine.connect()
    expect(await other.scalar(shortCall, [], { timeoutMs: 30_000 })).toBe(200_000)
    await other.close()
  })

  test('a backup stops between two of its steps', async () => {
    const engine = openEngine({ driverName })
    await engine.script('create table t (x); insert into t values (zeroblob(5000000))')
    const abort = new AbortController()
    const steps: number[] = []
    const file = temporaryFile()
    const backup = engine.backup(file, {
      signal: abort.signal,
      onProgress: ({ remainingPages }) => {
        steps.push(remainingPages)
        abort.abort(reason)
      },
    })
    expect(await rejectionOf(backup)).toMatchObject({ name: 'AbortError', cause: reason })
    expect(existsSync(file)).toBe(false)
    expect(steps[0]).toBeGreaterThan(0)
    expect(await engine.scalar('select count(*) from t')).toBe(1)
    await expectPristine(engine)
  })

  test('an aborted transaction() is not committed', async () => {
    const engine = openEngine({ driverName })
    await engine.script('create table t (x)')
    for (const whenAborted of ['before the end', 'after the last statement'] as const) {
      const abort = new AbortController()
      const working = engine.transaction(
        async (tx) => {
          await tx.execute('insert into t values (1)')
          abort.abort(reason)
          if (whenAborted === 'before the end') await tx.execute('insert into t values (2)')
        },
        { signal: abort.signal, retries: 3 },
      )
      expect(await rejectionOf(working)).toMatchObject({ name: 'AbortError', cause: reason })
    }
    expect(await engine.scalar('select count(*) from t')).toBe(0)
    await expectPristine(engine)
  })

  test('a listener of the signal does not outlive its statement', async () => {
    const engine = openEngine({ driverName })
    const abort = new AbortController()
    let listeners = 0
    const { signal } = abort
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++
      return addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--
      return removeEventListener.apply(signal, args)
    }
    for (let times = 0; times < 100; times++) await engine.scalar('select 1', [], { signal })
    await engine.transaction((tx) => tx.scalar('select 1', [], { signal }), { signal })
    expect(listeners).toBe(0)
    abort.abort()
  })

  test('a read that waits behind one that is given up while their reader opens', async () => {
    const engine = openEngine({ driverName, readers: 1 })
    const abort = new AbortController()
    const givenUp = rejectionOf(engine.scalar('select 1', [], { signal: abort.signal }))
    const behind = engine.scalar('select 2', [], { timeoutMs: 9_000 })
    abort.abort(reason)
    await givenUp
    expect(await behind).toBe(2)
  })

  test('closing waits for a waiter that gave up before its turn came', async () => {
    const engine = openEngine({ driverName })
    await engine.script('create table t (x)')
    await engine.execute('insert into t values (1)')
    const writer = await engine.begin()
    const abort = new AbortController()
    const queued = rejectionOf(engine.execute('insert into t values (1)', [], { signal: abort.signal }))
    await turn()
    abort.abort(reason)
    await queued
    const closing = engine.close()
    await writer.rollback()
    await closing
  })
})

/** Resolves when a statement says `announce(name)`. */
function announcement(name: string): Promise<unknown> {
  const channel = new BroadcastChannel(name)
  return once(channel, 'message').finally(() => channel.close())
}

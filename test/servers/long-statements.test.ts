import { describe, expect, test } from 'vitest'
import { describeServers } from './servers.ts'

const statements = {
  postgresql: {
    lock: 'select pg_advisory_lock(:n)',
    unlock: 'select pg_advisory_unlock(:n)',
    locked: 'select pg_advisory_xact_lock(:n)',
  },
  mysql: {
    lock: "select get_lock(concat('offloop ', :n), 0)",
    unlock: "select release_lock(concat('offloop ', :n))",
    locked: "select get_lock(concat('offloop ', :n), 600)",
  },
} as const

describeServers((server) => {
  const { lock, unlock, locked } = statements[server.name]

  /** Numbers that nothing else locks. */
  let last = process.pid * 1_000
  const next = (count: number): number[] => Array.from({ length: count }, () => ++last)

  describe.each(['worker', 'main'] as const)(
    'behind a statement that takes long although it was quick so far, placement %s',
    (placement) => {
      /** A table, and a statement that writes a number into it when it has the lock of that number. */
      async function openTable(max = 3) {
        const engine = server.engine({ placement, pool: { max } })
        const table = server.table('long')
        await engine.execute(`create table ${table} (n integer not null, data ${server.name === 'mysql' ? 'longblob' : 'bytea'})`)
        const insert = `insert into ${table} select :n, :data from (${locked}) as locked`
        const store = (n: number, signal?: AbortSignal) => engine.execute(insert, { n, data: null }, { signal })
        for (const n of next(3)) await store(n)
        await Promise.all(next(20).map((n) => store(n)))
        await engine.execute(`delete from ${table}`)
        return { engine, insert, store, stored: () => engine.execute(`select n from ${table} order by n`).scalars<number>() }
      }

      /** Somebody else holds the lock of a number, until `release` is called. */
      async function hold(n: number): Promise<() => Promise<unknown>> {
        const holder = await server.engine().connect()
        await holder.execute(lock, { n })
        return () => holder.execute(unlock, { n })
      }

      test('others go to connections of their own, and each runs once', async () => {
        const { store, stored } = await openTable()
        const [before, [held = 0], behind] = [next(10), next(1), next(100)]
        const release = await hold(held)
        const sent = before.map((n) => store(n))
        const long = store(held)
        await Promise.all([...sent, ...behind.map((n) => store(n))])
        expect(await stored()).toEqual([...before, ...behind])
        await release()
        await long
        expect(await stored()).toEqual([...before, held, ...behind])
      })

      test('they wait where there is no other connection, and each runs once', async () => {
        const { store, stored } = await openTable(1)
        const [[held = 0], behind] = [next(1), next(30)]
        const release = await hold(held)
        const all = [held, ...behind].map((n) => store(n))
        await release()
        await Promise.all(all)
        expect(await stored()).toEqual([held, ...behind])
      })

      test('they go elsewhere when it is given up, and those that are given up do not run', async () => {
        const { engine, store, stored } = await openTable()
        const [[held = 0], given, behind] = [next(1), next(10), next(10)]
        const release = await hold(held)
        const controller = new AbortController()
        const { signal } = controller
        const up = [held, ...given].map((n) => store(n, signal))
        const sent = behind.map((n) => store(n))
        const ended = Promise.allSettled(up)
        controller.abort()
        expect(new Set((await ended).map((end) => (end as PromiseRejectedResult).reason.name))).toEqual(new Set(['AbortError']))
        await Promise.all(sent)
        expect(await stored()).toEqual(behind)
        await release()
        await engine.close()
      })

      test('they go elsewhere in the order in which they came', async () => {
        const engine = server.engine({ placement, pool: { max: 2 } })
        const sleep = server.name === 'postgresql' ? 'select pg_sleep(:seconds)' : 'select sleep(:seconds)'
        const run = (n: number, seconds: number) =>
          engine.execute(`select 1 from (${locked}) as locked, (${sleep}) as slept`, { n, seconds })
        // Quick so far on the one connection that has run it, and slow from now on: the other one is given them one by one.
        for (const n of next(20)) await run(n, 0)
        const [[held = 0], behind] = [next(1), next(10)]
        const release = await hold(held)
        const long = run(held, 0)
        const order: number[] = []
        await Promise.all(behind.map((n) => run(n, 0.02).then(() => order.push(n))))
        expect(order).toEqual(behind)
        await release()
        await long
      })

      test('those with bytes that have left stay where they are, and run once', async () => {
        const { engine, insert, stored } = await openTable()
        const [[held = 0], behind] = [next(1), next(10)]
        const release = await hold(held)
        const data = new Uint8Array(100_000)
        const all = [held, ...behind].map((n) => engine.execute(insert, { n, data }))
        expect(await engine.scalar('select 1')).toBe(1)
        await release()
        await Promise.all(all)
        expect(await stored()).toEqual([held, ...behind])
      })
    },
  )
})

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { AsyncEngine } from 'offloop'
import { expect, test } from 'vitest'
import { targets } from '../conformance/target.ts'
import { describeEach, type Fixture } from '../conformance/targets.ts'
import { extent } from '../soak/extent.ts'
import { turn } from './test-engine.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Lets the collector run until the promise has settled. */
async function whileCollecting<T>(work: Promise<T>): Promise<T> {
  let settled = false
  const settling = work.finally(() => {
    settled = true
  })
  while (!settled) {
    collectGarbage()
    await turn()
  }
  return settling
}

/** What a program that forgets its connections leaves of one. */
const ways: Readonly<Record<string, (engine: AsyncEngine, db: Fixture) => Promise<unknown>>> = {
  'a connection': async (engine) => {
    await engine.connect()
  },
  'a branch': async (engine) => {
    await (await engine.connect()).connect()
  },
  'a transaction of a connection, with a savepoint': async (engine) => {
    const conn = await engine.connect()
    const tx = await conn.begin()
    await tx.execute("insert into t values ('forgotten')")
    await (await tx.beginNested()).execute("insert into t values ('forgotten')")
  },
  'a transaction of the engine': async (engine) => {
    const tx = await engine.begin()
    await tx.execute("insert into t values ('forgotten')")
  },
  'a result that is not read to its end': async (engine, db) => {
    const conn = await engine.connect()
    const result = await conn.execute(db.numbers(100_000))
    expect(await result.fetchone()).toEqual({ n: 1 })
  },
}

const times = extent(4, 8)

/** Connections to a memory database wait for each other's transactions, the forgotten ones too. */
const storing = targets.filter(({ storage }) => storage !== 'memory')

describeEach(storing, (db) => {
  for (const [what, forget] of Object.entries(ways)) {
    test(`${what} that is forgotten gives its place back, ${times} times in a pool of 2`, async () => {
      const warnings: string[] = []
      const logger = { ...console, warn: (text: unknown) => warnings.push(String(text)) }
      const engine = db.engine({ pool: { max: 2 }, logger, leakDetectionMs: 60_000 })
      await engine.execute('create table t (x varchar(20))')
      for (let time = 0; time < times; time++) await whileCollecting(forget(engine, db))
      const conn = await whileCollecting(engine.connect())
      expect(await conn.execute('select x from t').scalars()).toEqual([])
      await conn.close()
      // The last two need not have been collected yet.
      expect(warnings.length).toBeGreaterThanOrEqual(times - 1)
      expect(warnings[0]).toMatch(/^offloop: connection \d+ was forgotten without close\(\)/)
      expect(warnings[0]).toMatch(/It was checked out here:\n.+/)
      await whileCollecting(engine.close())
    })
  }

  test.each([false, true])('of an engine that is closed (force: %s) nothing is forgotten', async (force) => {
    const warnings: string[] = []
    const logger = { ...console, warn: (text: unknown) => warnings.push(String(text)) }
    const engine = db.engine({ logger })
    await engine.execute('create table t (x integer)')
    await (async () => {
      const tx = await engine.begin()
      await tx.execute('insert into t values (1)')
      await engine.close({ force })
    })()
    for (let round = 0; round < 20; round++) {
      collectGarbage()
      await turn()
    }
    expect(warnings).toEqual([])
  })

  test('whoever still has a part of it keeps the connection', async () => {
    const engine = db.engine({ pool: { max: 4 } })
    const rows = db.numbers(100_000)
    const branch = await (await engine.connect()).connect()
    const tx = await (await engine.connect()).begin()
    const result = await (await engine.connect()).execute(rows)
    const stream = (await engine.connect()).stream(rows)
    for (let round = 0; round < 20; round++) {
      collectGarbage()
      await turn()
    }
    expect(engine.status().inUse).toBe(4)
    expect(await branch.scalar('select 1')).toBe(1)
    expect(await tx.scalar('select 1')).toBe(1)
    expect((await result.fetchall()).length).toBe(100_000)
    let count = 0
    for await (const _ of stream) {
      if (count++ % 10_000 === 0) collectGarbage()
    }
    expect(count).toBe(100_000)
    await tx.connection.close()
    await engine.close()
  })

  test('what was called on a connection that is forgotten is done', async () => {
    db.leavesConnectionsOpen()
    const engine = db.engine({ pool: { max: 1 } })
    await engine.execute('create table t (x integer)')
    async function* slowly(): AsyncGenerator<readonly number[]> {
      for (let row = 0; row < 1_000; row++) {
        if (row % 200 === 0) collectGarbage()
        if (row % 200 === 0) await turn()
        yield [row]
      }
    }
    const working = (async () => {
      const conn = await engine.connect()
      return conn.executeMany(`insert into t values (${db.mark(1)})`, slowly())
    })()
    expect(await working).toEqual({ rowcount: 1_000 })
    const transaction = (async () => {
      const conn = await engine.connect()
      return conn.transaction(async (tx) => {
        for (let round = 0; round < 5; round++) {
          collectGarbage()
          await turn()
        }
        return await tx.scalar('select count(*) from t')
      })
    })()
    expect(await whileCollecting(transaction)).toBe(1_000)
  })
})

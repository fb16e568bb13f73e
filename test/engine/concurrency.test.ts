import { writeFileSync } from 'node:fs'
import { type AsyncConnection, type Executor, ReentrancyError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { extent } from '../soak/extent.ts'
import { Random, seed } from '../soak/random.ts'
import { drivers, errorOf, errorsOf, openEngine, tasks, temporaryFile } from './open-engine.ts'

const mixed = extent(300, 1_000)
const counted = extent(50, 200)
const interleavings = extent(150, 500)

describe.each(drivers)('many tasks on one file with %s', (driver) => {
  test(`${mixed} mixed writes and reads of 64 tasks meet no lock, and nothing is lost`, async () => {
    const engine = openEngine({ pool: { max: 8 } }, { driver })
    await engine.script('create table account (id integer primary key, balance integer not null); insert into account values (1, 0)')
    const connections = await tasks(8, () => engine.connect())
    const random = new Random(seed)
    let written = 0
    let left = mixed
    await tasks(64, async (index) => {
      const via: Executor = index % 2 === 0 ? engine : (connections[index % 8] as AsyncConnection)
      while (left-- > 0) {
        if (random.next() < 0.5) {
          written++
          await via.execute('update account set balance = balance + 1 where id = 1')
        } else {
          expect(await via.scalar<number>('select balance from account')).toBeLessThanOrEqual(written)
        }
      }
    })
    expect(await engine.scalar('select balance from account')).toBe(written)
    await Promise.all(connections.map((connection) => connection.close()))
  })

  test('a read sees every write that was awaited before it, whichever connection it goes to', async () => {
    const engine = openEngine({ pool: { max: 3 }, readers: 4 }, { driver })
    await engine.script('create table t (a integer)')
    const connections = await tasks(3, () => engine.connect())
    const all: readonly Executor[] = [engine, ...connections]
    for (let round = 1; round <= extent(30, 100); round++) {
      await (all[round % 4] as Executor).execute('insert into t values (?)', [round])
      const counts = await Promise.all([...all, engine, engine, engine, engine].map((via) => via.scalar('select count(*) from t')))
      expect(counts).toEqual(counts.map(() => round))
    }
    await Promise.all(connections.map((connection) => connection.close()))
  })

  test.each(extent([1, 3, 16], [1, 2, 3, 4, 16]))('16 concurrent write transactions on a pool of %i all succeed', async (max) => {
    const engine = openEngine({ pool: { max } }, { driver })
    await engine.script('create table t (task integer, step integer)')
    await tasks(16, async (task) => {
      await engine.transaction(async (tx) => {
        for (let step = 0; step < 5; step++) await tx.execute('insert into t values (?, ?)', [task, step])
      })
    })
    expect(await engine.scalar('select count(*) from t')).toBe(80)
    // Nobody's rows are mixed with another's.
    const order = await engine.execute('select task from t order by rowid').scalars<number>()
    for (let at = 0; at < 80; at += 5) expect(new Set(order.slice(at, at + 5)).size).toBe(1)
  })

  test(`a counter read and written back by 6 tasks ${counted} times each is exact`, async () => {
    const engine = openEngine({ pool: { max: 4 } }, { driver })
    await engine.script('create table counter (n integer not null); insert into counter values (0)')
    await tasks(6, async () => {
      for (let round = 0; round < counted; round++) {
        await engine.transaction(async (tx) => {
          const n = await tx.scalar<number>('select n from counter')
          await tx.execute('update counter set n = ?', [(n as number) + 1])
        })
      }
    })
    expect(await engine.scalar('select n from counter')).toBe(6 * counted)
  })

  test('writers get the database in the order of begin()', async () => {
    const engine = openEngine({ pool: { max: 12 } }, { driver })
    await engine.script('create table t (task integer)')
    const warm = await tasks(12, () => engine.connect())
    await Promise.all(warm.map((connection) => connection.close()))
    const holder = await engine.begin()
    const writers = tasks(10, async (task) => {
      const tx = await engine.begin()
      await tx.execute('insert into t values (?)', [task])
      await tx.commit()
    })
    await holder.execute('insert into t values (-1)')
    await holder.commit()
    await writers
    expect(await engine.execute('select task from t order by rowid').scalars()).toEqual([-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('a writer that comes again and again does not starve one that waits', async () => {
    const engine = openEngine({ pool: { max: 2 } }, { driver })
    await engine.script('create table t (a)')
    let done = false
    const greedy = (async () => {
      let writes = 0
      for (; !done; writes++) await engine.execute("insert into t values ('greedy')")
      return writes
    })()
    for (let round = 0; round < 20; round++) {
      await engine.transaction(async (tx) => {
        await tx.execute("insert into t values ('patient')")
      })
    }
    done = true
    expect(await greedy).toBeGreaterThan(0)
    expect(await engine.scalar("select count(*) from t where a = 'patient'")).toBe(20)
  })

  test('reads of the engine run on read-only connections and on other threads than writes', async () => {
    const engine = openEngine({ readers: 2, setup: new URL('./thread-functions.mjs', import.meta.url) }, { driver })
    await engine.execute('create table t (a)')
    const writer = (await engine.execute('insert into t values (thread()) returning a').scalar<number>()) as number
    const readers = new Set(await tasks(20, () => engine.scalar<number>('select thread()')))
    expect(readers.has(writer)).toBe(false)
    expect([...readers].every((id) => engine.status().workers.some(({ threadId }) => threadId === id))).toBe(true)
    // SQLite decides what is a read, not the first word.
    expect(await engine.scalar('with x(a) as (select 1) insert into t select thread() from x returning a')).toBe(writer)
    expect(readers.has((await engine.scalar<number>('with x(a) as (select 1) select thread() from x')) as number)).toBe(true)
    expect(await engine.scalar('select count(*) from t')).toBe(2)
  })

  test('small reads are answered while one that never ends is in its native call, whenever they are sent', async () => {
    const file = temporaryFile()
    const engine = openEngine({ readers: 2, setup: new URL('./wait-for-file.mjs', import.meta.url) }, { driver, file })
    await engine.execute('create table t (a)')
    const small = () => tasks(50, () => engine.scalar('select count(*) from t'))
    await small()
    const before = small()
    const slow = engine.scalar('select wait_for_file(?)', [`${file}.go`])
    const beside = small()
    await Promise.all([before, beside])
    await small()
    writeFileSync(`${file}.go`, '')
    expect(await slow).toBe(1)
  })

  test('reads that wait for a reader go to another one when that turns out to take long', async () => {
    const file = temporaryFile()
    const engine = openEngine({ readers: 2, setup: new URL('./wait-for-file.mjs', import.meta.url) }, { driver, file })
    writeFileSync(`${file}.there`, '')
    const wait = (name: string) => engine.scalar('select wait_for_file(?)', [`${file}.${name}`])
    await wait('there')
    await wait('there')
    const slow = wait('go')
    // The first of these stand behind it: the statement was quick until now. The last ones have not left.
    expect(await tasks(450, () => wait('there'))).toEqual(Array.from({ length: 450 }, () => 1))
    writeFileSync(`${file}.go`, '')
    expect(await slow).toBe(1)
  })

  test('a result that nobody reads to its end keeps no reader from others, and no engine from closing', async () => {
    const engine = openEngine({ readers: 1, pool: { idleTimeoutMs: 30 } }, { driver })
    await engine.execute('create table t (a)')
    const rows = 'with recursive c(i) as (select 1 union all select i + 1 from c limit 20000) select i from c'
    const forgotten = await engine.execute(rows)
    expect(await forgotten.fetchone()).toEqual({ i: 1 })
    expect(await engine.scalar('select count(*) from t')).toBe(0)
    await engine.execute('insert into t values (1)')
    // The reader holds no snapshot: the whole log can be written back.
    expect(await engine.execute('pragma wal_checkpoint(truncate)').first()).toMatchObject({ busy: 0 })
    await engine.close()
  })
})

describe('two tasks on one connection', () => {
  test(`${interleavings} random interleavings of transactions, one of which always fails, leave none of its rows`, async () => {
    const engine = openEngine()
    const connection = await engine.connect()
    await connection.execute('create table t (task text, round integer)')
    const random = new Random(seed)
    const pause = async (): Promise<void> => {
      for (let turns = random.below(4); turns > 0; turns--) {
        if (random.next() < 0.5) await Promise.resolve()
        else await connection.scalar('select 1').catch(() => {})
      }
    }
    const fault = new Error('on purpose')
    const task = (name: string, round: number, fails: boolean): Promise<void> =>
      connection.transaction(async (tx) => {
        await pause()
        await tx.execute('insert into t values (?, ?)', [name, round])
        await pause()
        // Through the connection, and yet inside.
        await connection.execute('insert into t values (?, ?)', [name, round])
        if (random.next() < 0.3) {
          await tx.transaction(async (inner) => {
            await inner.execute('insert into t values (?, ?)', [name, round])
          })
        } else {
          await tx.execute('insert into t values (?, ?)', [name, round])
        }
        await pause()
        if (fails) throw fault
      })
    for (let round = 0; round < interleavings; round++) {
      const both = [task('good', round, false), task('bad', round, true)]
      if (random.next() < 0.5) both.reverse()
      const plain = connection.execute("insert into t values ('plain', ?)", [round])
      const outcomes = await Promise.allSettled(both)
      await plain
      expect(outcomes.map(({ status }) => status).sort(), `seed ${seed}`).toEqual(['fulfilled', 'rejected'])
      expect(connection.inTransaction()).toBe(false)
    }
    const counts = await connection.execute('select task, count(*) as n from t group by task order by task').fetchall()
    expect(counts, `seed ${seed}`).toEqual([
      { task: 'good', n: 3 * interleavings },
      { task: 'plain', n: interleavings },
    ])
    await connection.close()
  })
})

describe('inside transaction(fn)', () => {
  test('what would wait for the transaction itself is refused at once, and reads work', async () => {
    const engine = openEngine()
    await engine.execute('create table t (a)')
    await engine.transaction(async (tx) => {
      await tx.execute('insert into t values (1)')
      const refused = await errorsOf(
        engine.execute('insert into t values (2)'),
        engine.execute('with x(a) as (select 2) insert into t select a from x'),
        engine.execute('insert into t values (2) returning a').fetchall(),
        engine.scalar('insert into t values (2) returning a'),
        engine.executeMany('insert into t values (?)', [[2]]),
        engine.script('insert into t values (2)'),
        engine.begin(),
        engine.transaction(async () => {}),
      )
      for (const error of refused) expect(error).toBeInstanceOf(ReentrancyError)
      // From further down, and from a task of its own.
      await Promise.all([
        expect(
          new Promise((resolve) => setImmediate(resolve)).then(() => engine.execute('insert into t values (2)')),
        ).rejects.toBeInstanceOf(ReentrancyError),
      ])
      expect(await engine.scalar('select count(*) from t')).toBe(0)
      expect(await engine.hasTable('t')).toBe(true)
      const reader = await engine.begin({ readonly: true })
      expect(await reader.scalar('select count(*) from t')).toBe(0)
      await reader.rollback()
      const connection = await engine.connect()
      expect(await connection.scalar('select count(*) from t')).toBe(0)
      expect(await errorOf(connection.execute('insert into t values (2)'))).toBeInstanceOf(ReentrancyError)
      expect(await errorOf(connection.begin())).toBeInstanceOf(ReentrancyError)
      await connection.close()
      expect(await tx.scalar('select count(*) from t')).toBe(1)
    })
    expect(await engine.execute('select a from t').scalars()).toEqual([1])
    await engine.execute('insert into t values (3)')
  })

  test('a write of another engine’s transaction is none of this', async () => {
    const [one, two] = [openEngine(), openEngine()]
    await one.execute('create table t (a)')
    await two.execute('create table t (a)')
    await one.transaction(async (tx) => {
      await tx.execute('insert into t values (1)')
      await two.transaction(async (inner) => {
        await inner.execute('insert into t values (2)')
      })
      await two.execute('insert into t values (3)')
    })
    expect(await two.execute('select a from t').scalars()).toEqual([2, 3])
  })

  test('a read-only transaction keeps nobody from writing', async () => {
    const engine = openEngine()
    await engine.execute('create table t (a)')
    await engine.transaction(
      async (tx) => {
        expect(await tx.scalar('select count(*) from t')).toBe(0)
        await engine.execute('insert into t values (1)')
        expect(await tx.scalar('select count(*) from t')).toBe(0)
      },
      { readonly: true },
    )
    expect(await engine.scalar('select count(*) from t')).toBe(1)
  })
})

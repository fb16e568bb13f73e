import { type AsyncConnection, type AsyncEngine, createEngine, EngineURL } from 'offloop'
import { expect, test, vi } from 'vitest'
import { describeServers, type Server } from './servers.ts'

/** A counter in the database that tasks count up. */
async function makeCounter(engine: AsyncEngine, server: Server): Promise<string> {
  const counter = server.table('counter')
  await engine.execute(`create table ${counter} (id integer primary key, n integer not null)`)
  await engine.execute(`insert into ${counter} values (1, 0)`)
  return counter
}

/** Locks of the server's that statements wait for; each has its own. */
class Locks {
  static #made = 0
  readonly #server: Server
  readonly #prefix = `offloop ${process.pid} ${++Locks.#made}`

  constructor(server: Server) {
    this.#server = server
  }

  #call(ofPostgresql: string, ofMysql: string, name: string): string {
    const own = `${this.#prefix} ${name}`
    return this.#server.name === 'postgresql'
      ? `select ${ofPostgresql}(hashtext('${own}'))`
      : `select ${ofMysql.replace('()', `('${own}'`)})`
  }

  async take(holder: AsyncConnection, names: readonly string[]): Promise<void> {
    for (const name of names) await holder.execute(this.wait(name))
  }

  async leave(holder: AsyncConnection, name: string): Promise<void> {
    await holder.execute(this.#call('pg_advisory_unlock', 'release_lock()', name))
  }

  /** A statement that takes the lock, and waits until it can. */
  wait(name: string): string {
    return this.#call('pg_advisory_lock', 'get_lock(), 60', name)
  }
}

describeServers((server) => {
  const sizes = [1, 2, 4, 16].flatMap((max) => [1, 2].map((threads) => ({ max, threads })))

  test.each(sizes)('16 transactions at once that write the same row all commit: $max connections on $threads threads', async (size) => {
    const engine = server.engine({ pool: { max: size.max }, threads: size.threads })
    const counter = await makeCounter(engine, server)
    await Promise.all(
      Array.from({ length: 16 }, () =>
        engine.transaction(async (tx) => {
          // The lock is held over several turns: whoever has it must be served before those who wait for it.
          await tx.execute(`update ${counter} set n = n + 1 where id = 1`)
          const n = await tx.scalar<number>(`select n from ${counter} where id = 1`)
          await tx.execute(`update ${counter} set n = ${n} where id = 1`)
        }),
      ),
    )
    expect(await engine.scalar(`select n from ${counter}`)).toBe(16)
  })

  test.each(['worker', 'main'] as const)('runs the same on placement %s', async (placement) => {
    const engine = server.engine({ placement, pool: { max: 4 } })
    const counter = await makeCounter(engine, server)
    const rows = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        engine.execute<{ id: number; at: number }>(`select id, ${index} as at from ${counter}`).one(),
      ),
    )
    expect(rows.map(({ at }) => at)).toEqual(Array.from({ length: 200 }, (_, index) => index))
    await expect(engine.execute('select nothing_like_it')).rejects.toMatchObject({ name: 'ProgrammingError' })
    expect(engine.status().size).toBeLessThanOrEqual(4)
  })

  test.each(['worker', 'main'] as const)(
    'statements of the engine use all connections, again and again (placement %s)',
    async (placement) => {
      const engine = server.engine({ placement, pool: { max: 4 } })
      const who = `select ${server.name === 'mysql' ? 'connection_id()' : 'pg_backend_pid()'}`
      for (let round = 0; round < 5; round++) {
        const served = new Map<number, number>()
        const task = async (): Promise<void> => {
          for (let sent = 0; sent < 30; sent++) {
            const session = Number(await engine.scalar(who))
            served.set(session, (served.get(session) ?? 0) + 1)
          }
        }
        await Promise.all(Array.from({ length: 64 }, task))
        // The first round opens them.
        if (round > 0) expect([...served.values()].filter((count) => count > 19)).toHaveLength(4)
      }
      expect(engine.status()).toMatchObject({ size: 4, inUse: 0 })
    },
  )

  test('a further connection that cannot be had fails no statement that another one serves', async () => {
    const engine = server.engine({ pool: { max: 2, maxQueue: 0 } })
    const conn = await engine.connect()
    const numbers = Array.from({ length: 100 }, (_, index) => index)
    expect(await Promise.all(numbers.map((n) => engine.scalar(`select ${n}`)))).toEqual(numbers)
    const other = await engine.connect()
    await expect(engine.scalar('select 1')).rejects.toMatchObject({ name: 'PoolQueueFullError' })
    await other.close()
    await conn.close()
    expect(await engine.scalar('select 1')).toBe(1)
  })

  test('nor does one that the server refuses', async () => {
    const admin = server.engine()
    const user = `offloop_few_${process.pid}`
    const [create, drop] =
      server.name === 'postgresql'
        ? [`create role ${user} login password 'few' connection limit 1`, `drop role ${user}`]
        : [`create user ${user}@'%' identified by 'few' with max_user_connections 1`, `drop user ${user}@'%'`]
    await admin.execute(create)
    try {
      const database = server.name === 'postgresql' ? 'postgres' : undefined
      const url = EngineURL.parse(server.url).with({ username: user, password: 'few', database })
      await using engine = createEngine(url, { pool: { max: 4 } })
      const numbers = Array.from({ length: 100 }, (_, index) => index)
      expect(await Promise.all(numbers.map((n) => engine.scalar(`select ${n}`)))).toEqual(numbers)
      expect(engine.status().size).toBe(1)
    } finally {
      await admin.execute(drop)
    }
  })

  test('a statement does not fail for a connection that was asked for before it came', async () => {
    const locks = new Locks(server)
    // In a pool of the same acquireTimeoutMs, whoever asks in the same moment hears of it in the same moment.
    const pool = { max: 2, acquireTimeoutMs: 2_000 }
    const engine = server.engine({ pool })
    const clock = server.engine({ pool: { ...pool, max: 1 } })
    await using holder = await clock.connect({ timeoutMs: 30_000 })
    await using held = await engine.connect({ timeoutMs: 30_000 })
    // Opened in its own time, on a busy machine too.
    await (await engine.connect({ timeoutMs: 30_000 })).close()
    await locks.take(holder, ['one', 'two'])
    const first = engine.execute(locks.wait('one'))
    await vi.waitUntil(() => engine.status().inUse === 2, { timeout: 20_000 })
    const second = engine.execute(locks.wait('two'))
    expect(engine.status().waiting).toBe(1)
    const time = expect(clock.connect()).rejects.toMatchObject({ name: 'PoolTimeoutError' })
    await locks.leave(holder, 'one')
    await first
    const third = engine.scalar('select 3')
    await time
    await locks.leave(holder, 'two')
    expect(await third).toBe(3)
    await second
    expect(await held.scalar('select 1')).toBe(1)
  })

  test('statements that have waited in vain for a connection fail together, those beside a busy one too', async () => {
    const locks = new Locks(server)
    const pool = { max: 2, acquireTimeoutMs: 200 }
    const engine = server.engine({ pool })
    const clock = server.engine({ pool: { ...pool, max: 1 } })
    await using holder = await clock.connect({ timeoutMs: 30_000 })
    await using held = await engine.connect({ timeoutMs: 30_000 })
    await (await engine.connect({ timeoutMs: 30_000 })).close()
    await locks.take(holder, ['one'])
    const busy = engine.execute(locks.wait('one'))
    await vi.waitUntil(() => engine.status().inUse === 2, { timeout: 20_000 })
    const waiting = Promise.allSettled(Array.from({ length: 8 }, (_, index) => engine.scalar(`select ${index}`)))
    const order: string[] = []
    const failed = waiting.then(() => order.push('statements'))
    // The first one's connection was asked for before the others came: theirs is asked for when that has failed.
    for (let turn = 0; turn < 3; turn++) await expect(clock.connect()).rejects.toMatchObject({ name: 'PoolTimeoutError' })
    order.push('three times as long')
    await locks.leave(holder, 'one')
    await Promise.all([busy, failed])
    expect(order).toEqual(['statements', 'three times as long'])
    for (const settled of await waiting) expect(settled).toMatchObject({ status: 'rejected', reason: { name: 'PoolTimeoutError' } })
    expect(await held.scalar('select 1')).toBe(1)
    expect(await engine.scalar('select 1')).toBe(1)
  })

  test("a connection that the engine keeps beside a busy one is anybody's who asks for one", async () => {
    const engine = server.engine({ placement: 'main', pool: { max: 2, maxQueue: 0 } })
    for (let round = 0; round < 20; round++) {
      const quick = Promise.all(Array.from({ length: 64 }, () => engine.scalar('select 1')))
      // Both connections have been given what was asked, and the second one nothing. One that the engine is about to take is nobody else's.
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
      if (engine.status().idle > 0) {
        await using conn = await engine.connect()
        expect(await conn.scalar('select 2')).toBe(2)
      }
      expect(await quick).toHaveLength(64)
    }
  })

  test('a connection that the server has cut off is replaced', async () => {
    const engine = server.engine({ pool: { max: 4 } })
    const killer = server.engine()
    const counter = await makeCounter(engine, server)
    let acknowledged = 0
    let failed = 0
    let killed = 0
    let done = false
    const tasks = Array.from({ length: 4 }, async () => {
      while (!done) {
        try {
          await engine.transaction(async (tx) => {
            await tx.execute(`update ${counter} set n = n + 1 where id = 1`)
          })
          acknowledged++
        } catch (error) {
          expect(error).toMatchObject({ name: expect.stringMatching(/^(OperationalError|CommitOutcomeUnknownError)$/) })
          failed++
        }
      }
    })
    while (killed < 25) killed += await killOne(killer, server)
    done = true
    await Promise.all(tasks)
    // Whoever acquires now finds a connection that works.
    for (let round = 0; round < 8; round++) {
      await using conn = await engine.connect()
      expect(await conn.scalar('select 1')).toBe(1)
    }
    const stored = (await engine.scalar<number>(`select n from ${counter}`)) ?? 0
    expect(stored).toBeGreaterThanOrEqual(acknowledged)
    expect(stored).toBeLessThanOrEqual(acknowledged + failed)
  })

  test('statements that go down with their connection have an error and a stack each', async () => {
    const engine = server.engine()
    await using conn = await engine.connect()
    const id = await conn.scalar<number>(server.name === 'postgresql' ? 'select pg_backend_pid()' : 'select connection_id()')
    async function first(): Promise<void> {
      await conn.execute(server.name === 'postgresql' ? 'select pg_sleep(60)' : 'select sleep(60)')
    }
    async function second(): Promise<void> {
      await conn.execute('select 1')
    }
    const failed = Promise.allSettled([first(), second()])
    const killer = server.engine()
    await killer.execute(server.name === 'postgresql' ? `select pg_terminate_backend(${id})` : `kill ${id}`)
    expect(await failed).toMatchObject([
      { reason: { name: 'OperationalError', stack: expect.stringMatching(/first/) } },
      { reason: { name: 'OperationalError', stack: expect.stringMatching(/second/) } },
    ])
  })

  test('what a borrower leaves on a connection is gone for the next one', async () => {
    const engine = server.engine({ pool: { max: 1 } })
    const setting = server.name === 'postgresql' ? 'select current_setting($1)' : 'select @@session.lock_wait_timeout'
    const read = async (): Promise<unknown> => engine.scalar(setting, server.name === 'postgresql' ? ['work_mem'] : [])
    const before = await read()
    {
      await using conn = await engine.connect()
      await conn.execute(server.name === 'postgresql' ? "set work_mem = '77MB'" : 'set session lock_wait_timeout = 77')
      await conn.execute('create temporary table offloop_left (id integer)')
      await conn.begin()
    }
    expect(await read()).toBe(before)
    await expect(engine.execute('select * from offloop_left')).rejects.toMatchObject({ name: 'ProgrammingError' })
    expect(await engine.transaction(async (tx) => tx.scalar('select 1'))).toBe(1)
  })

  test('a begin() of several steps that nobody has awaited begins nothing for the next one', async () => {
    const engine = server.engine({ pool: { max: 1 } })
    const counter = await makeCounter(engine, server)
    const borrower = await engine.connect()
    const beginning = borrower.begin({ readonly: true, isolationLevel: 'serializable' })
    const refused = expect(beginning).rejects.toMatchObject({ name: 'ResourceClosedError' })
    await borrower.close()
    {
      await using next = await engine.connect()
      await next.execute(`update ${counter} set n = 1`)
      expect(next.inTransaction()).toBe(false)
    }
    await refused
    expect(await engine.scalar(`select n from ${counter}`)).toBe(1)
  })
})

/** Ends one of the other connections to the test's database that is not this one's; 1 when there was one. */
async function killOne(killer: AsyncEngine, { name }: Server): Promise<number> {
  await using conn = await killer.connect()
  if (name === 'postgresql') {
    const killed = await conn
      .execute<{ done: boolean }>(
        `select pg_terminate_backend(pid) as done from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query like 'update offloop_counter_${process.pid}%' limit 1`,
      )
      .fetchall()
    return killed.length
  }
  const victim = await conn.scalar<number>(
    `select id from information_schema.processlist
      where db = database() and id <> connection_id() and (info like 'update offloop_counter_${process.pid}%' or command = 'Sleep') limit 1`,
  )
  if (victim === null) return 0
  await conn.execute(`kill ${victim}`).catch(() => {})
  return 1
}

import { type AsyncEngine, createEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { runProgram } from '../faults/run-program.ts'
import { describeServers, type Server } from './servers.ts'

const sleep = { postgresql: 'select pg_sleep(60)', mysql: 'select sleep(60)' } as const

/** How many of the statements that sleep are at it. */
const sleepers = {
  postgresql: (mark: string) => `select count(*) from pg_stat_activity where state = 'active' and query like '/* ${mark} */%'`,
  mysql: (mark: string) => `select count(*) from information_schema.processlist where info like '/* ${mark} */%'`,
} as const

/** Resolves when the engine has heard of the end of all that was given up, which the server may have known for long. */
async function settled(engine: AsyncEngine): Promise<void> {
  while (engine.status().quarantined > 0) await new Promise(setImmediate)
}

/** Resolves when the server is asleep in so many statements with that mark. */
async function asleep({ name, url }: Pick<Server, 'name' | 'url'>, mark: string, count: number): Promise<void> {
  await using engine = createEngine(url)
  while ((await engine.scalar(sleepers[name](mark))) !== count) await new Promise(setImmediate)
}

function markOf(what: string): string {
  return `${what} ${process.pid} ${performance.now()}`
}

describeServers((server) => {
  const sleeping = (mark: string): string => `/* ${mark} */ ${sleep[server.name]}`

  describe.each(['worker', 'main'] as const)('placement %s', (placement) => {
    const open = (): AsyncEngine => server.engine({ placement, pool: { max: 2 } })

    test('of thousands that wait and are given up together none runs', async () => {
      const engine = open()
      const table = server.table('given_up')
      await engine.script(`create table ${table} (x int)`)
      const conn = await engine.connect()
      const abort = new AbortController()
      const { signal } = abort
      const mark = markOf('thousands')
      const given = [sleeping(mark), ...Array.from({ length: 3_000 }, (_, x) => `insert into ${table} values (${x % 10})`)].map(
        async (sql) => conn.execute(sql, [], { signal }),
      )
      await asleep(server, mark, 1)
      abort.abort()
      for (const end of await Promise.allSettled(given)) expect(end).toMatchObject({ reason: { name: 'AbortError' } })
      expect(await conn.scalar(`select count(*) from ${table}`)).toBe(0)
      await conn.close()
    })

    test('a begin() behind a statement that takes long rejects at once, whatever it has to say first', async () => {
      const engine = open()
      const conn = await engine.connect()
      for (const options of [{}, { readonly: true }, { isolationLevel: 'serializable' }] as const) {
        const [sleeper, waiter] = [new AbortController(), new AbortController()]
        const mark = markOf('begin')
        const running = conn.execute(sleeping(mark), [], { signal: sleeper.signal }).catch((error: unknown) => error)
        await asleep(server, mark, 1)
        const beginning = conn.begin({ ...options, signal: waiter.signal })
        waiter.abort()
        await expect(beginning).rejects.toMatchObject({ name: 'AbortError' })
        sleeper.abort()
        expect(await running).toMatchObject({ name: 'AbortError' })
        expect(await conn.scalar('select 1')).toBe(1)
      }
      await conn.close()
    })

    test('what waits behind statements of the engine that are given up gets connections of its own, and no more than there may be', async () => {
      const engine = open()
      const abort = new AbortController()
      const { signal } = abort
      const mark = markOf('behind')
      const given = Array.from({ length: 2 }, async () => engine.execute(sleeping(mark), [], { signal }))
      await asleep(server, mark, 2)
      const behind = Array.from({ length: 20 }, (_, x) => engine.scalar(`select ${x}`))
      abort.abort()
      for (const end of await Promise.allSettled(given)) expect(end).toMatchObject({ reason: { name: 'AbortError' } })
      expect(await Promise.all(behind)).toEqual(Array.from({ length: 20 }, (_, x) => x))
      await asleep(server, mark, 0)
      expect(await Promise.all(Array.from({ length: 20 }, (_, x) => engine.scalar(`select ${x}`)))).toHaveLength(20)
      await settled(engine)
      expect(engine.status()).toMatchObject({ quarantined: 0, waiting: 0 })
      expect(engine.status().size).toBeLessThanOrEqual(2)
    })

    test('a program that waits behind them does not end before its answer', async () => {
      const mark = markOf('program')
      const end = await runProgram(`
        import { createEngine } from 'offloop'
        const engine = createEngine('${server.url}', { placement: '${placement}', pool: { max: 2 } })
        const abort = new AbortController()
        const given = [1, 2].map(async () => engine.execute(${JSON.stringify(sleeping(mark))}, [], { signal: abort.signal }))
        const other = createEngine('${server.url}')
        while ((await other.scalar(${JSON.stringify(sleepers[server.name](mark))})) !== 2);
        await other.close()
        abort.abort()
        for (const { reason } of await Promise.allSettled(given)) console.log(reason.name)
        console.log(await engine.scalar('select 7'))
      `)
      expect(end).toEqual({ code: 0, signal: null, stdout: 'AbortError\nAbortError\n7\n', stderr: '' })
    })
  })
})

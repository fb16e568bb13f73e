import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AsyncEngine, createEngine, EngineURL } from 'offloop'
import { afterEach, expect, test } from 'vitest'
import { describeServers } from './servers.ts'

const stop: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const each of stop.splice(0).reverse()) await each()
})

/** A PgBouncer before the server, with three sessions of it; null where none is installed. */
async function pooled(url: EngineURL, mode: 'session' | 'transaction'): Promise<EngineURL | null> {
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'offloop-pooler-'))
  stop.push(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o755)
  const { host = '127.0.0.1', port: serverPort = 5432, username = '', password = '', database = '' } = url
  const file = join(folder, 'pooler.ini')
  const login = `user=${username}${password === '' ? '' : ` password=${password}`}`
  await writeFile(
    file,
    `[databases]
${database} = host=${host} port=${serverPort} ${login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
auth_type = any
pool_mode = ${mode}
default_pool_size = 3
unix_socket_dir =
`,
  )
  // It does not run as root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const pooler = spawn('pgbouncer', [...user, file], { stdio: 'ignore' })
  if (!(await isListening(pooler, port))) return null
  stop.push(async () => {
    pooler.kill()
    if (pooler.exitCode === null && pooler.signalCode === null) await once(pooler, 'exit')
  })
  return url.with({ host: '127.0.0.1', port })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function isListening(process: ChildProcess, port: number): Promise<boolean> {
  let hasEnded = false
  for (const event of ['error', 'exit']) process.once(event, () => (hasEnded = true))
  while (!hasEnded) {
    const socket = connect(port, '127.0.0.1')
    const listens = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (listens) return true
  }
  return false
}

async function use(engine: AsyncEngine, table: string): Promise<void> {
  await engine.execute(`create table ${table} (id integer primary key, name text)`)
  const numbers = Array.from({ length: 40 }, (_, index) => index)
  expect(await Promise.all(numbers.map((n) => engine.scalar('select :n::int + 1', { n })))).toEqual(numbers.map((n) => n + 1))
  await Promise.all(
    numbers.map((id) =>
      engine.transaction(async (tx) => {
        await tx.execute(`insert into ${table} values (:id, 'one')`, { id })
        await tx.execute(`update ${table} set name = :name where id = :id`, { id, name: `n${id}` })
      }),
    ),
  )
  await engine.executeMany(
    `insert into ${table} values (:id, :name)`,
    numbers.map((n) => ({ id: 1_000 + n, name: 'many' })),
  )
  expect(await engine.scalar(`select count(*) from ${table} where name = 'many' or name = 'n' || id`)).toBe(80)
  let rows = 0
  for await (const { n } of engine.stream<{ n: number }>('select n from generate_series(1, 5000) n')) expect(n).toBe(++rows)
  expect(rows).toBe(5_000)
  await expect(engine.execute('select pg_sleep(600)', [], { timeoutMs: 50 })).rejects.toMatchObject({ name: 'StatementTimeoutError' })
  const written = engine.transaction((tx) => tx.execute(`delete from ${table}`), { readonly: true })
  await expect(written).rejects.toMatchObject({ driverCode: '25006' })
  await using conn = await engine.connect()
  for (const n of numbers) expect(await conn.scalar('select :n::int', { n })).toBe(n)
}

describeServers(
  (server) => {
    test('behind a pooler of sessions everything is as it is without', async ({ skip }) => {
      const url = await pooled(EngineURL.parse(server.url), 'session')
      if (url === null) return skip('no pgbouncer')
      await using engine = createEngine(url, { pool: { max: 3 }, statementTimeoutMs: 60_000 })
      await use(engine, server.table('pooled'))
    })

    test('behind a pooler of transactions so it is without kept statements; with them an error says what to do', async ({ skip }) => {
      const url = await pooled(EngineURL.parse(server.url), 'transaction')
      if (url === null) return skip('no pgbouncer')
      await using engine = createEngine(url, { pool: { max: 8 }, statementCacheSize: 0 })
      await use(engine, server.table('pooled'))
      await using keeping = createEngine(url, { pool: { max: 8 } })
      const many = Array.from({ length: 40 }, (_, n) => keeping.transaction((tx) => tx.scalar('select :n::int', { n })))
      for (const { reason } of (await Promise.allSettled(many)).filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]) {
        expect(reason).toMatchObject({ driverCode: '26000', message: expect.stringContaining('statementCacheSize: 0') })
      }
    })
  },
  ['postgresql'],
)

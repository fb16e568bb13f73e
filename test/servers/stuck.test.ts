import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { createEngine, EngineURL } from 'offloop'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { describeServers } from './servers.ts'

/** A network between the program and the server that can fall silent without a word. */
class Network implements AsyncDisposable {
  readonly #server = createServer((near) => this.#join(near))
  readonly #target: EngineURL
  readonly #sockets = new Set<Socket>()
  /** Of each connection, the program's end and the server's. */
  readonly #pairs: [near: Socket, far: Socket][] = []
  readonly #defaultPort: number

  constructor(target: EngineURL, defaultPort: number) {
    this.#target = target
    this.#defaultPort = defaultPort
  }

  async open(): Promise<EngineURL> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this.#target.with({ host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port })
  }

  #join(near: Socket): void {
    const far = connect(this.#target.port ?? this.#defaultPort, this.#target.host ?? '127.0.0.1')
    for (const socket of [near, far]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
    }
    near.pipe(far)
    far.pipe(near)
    this.#pairs.push([near, far])
  }

  /** What is open now carries nothing any more; what is opened later does. */
  fallSilent(): void {
    for (const socket of this.#sockets) socket.unpipe().pause()
  }

  /** What the program sends on the last connection stays on its way until `release` is called; `sent` resolves with the first of it. */
  hold(): { readonly sent: Promise<unknown>; release(): void } {
    const [near, far] = this.#pairs.at(-1) as [Socket, Socket]
    const held: Buffer[] = []
    near
      .unpipe(far)
      .on('data', (chunk) => held.push(chunk))
      .resume()
    return {
      sent: once(near, 'data'),
      release() {
        near.removeAllListeners('data')
        for (const chunk of held) far.write(chunk)
        near.pipe(far)
      },
    }
  }

  /** Resolves when the next connection has been opened and has ended. */
  async another(): Promise<void> {
    const [near] = (await once(this.#server, 'connection')) as [Socket]
    await once(near, 'close')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offloop-stuck-'))
})

afterEach(() => rm(folder, { recursive: true }))

async function moduleOf(source: string): Promise<URL> {
  const file = join(folder, 'module.mjs')
  await writeFile(file, source)
  return pathToFileURL(file)
}

describeServers((server) => {
  test('an idle connection behind a network that has fallen silent is replaced', async () => {
    await using network = new Network(EngineURL.parse(server.url), server.name === 'postgresql' ? 5_432 : 3_306)
    const engine = createEngine(await network.open(), { pool: { max: 1, acquireTimeoutMs: 3_000 } })
    try {
      await engine.connect().then((conn) => conn.close())
      // So much later the connection is asked first.
      const now = performance.now.bind(performance)
      vi.spyOn(performance, 'now').mockImplementation(() => now() + 1_000)
      network.fallSilent()
      await using conn = await engine.connect()
      expect(await conn.scalar('select 1')).toBe(1)
    } finally {
      vi.restoreAllMocks()
      await engine.close({ force: true })
    }
  })

  test('a connection that falls silent under a statement with a time limit is given up, and nothing waits for it for ever', async () => {
    await using network = new Network(EngineURL.parse(server.url), server.name === 'postgresql' ? 5_432 : 3_306)
    const engine = createEngine(await network.open(), { pool: { max: 1, acquireTimeoutMs: 1_000 } })
    try {
      const table = server.table('silent')
      await engine.execute(`create table ${table} (n int)`)
      const tx = await engine.begin()
      await tx.execute(`insert into ${table} values (1)`)
      network.fallSilent()
      await expect(tx.scalar('select 1', [], { timeoutMs: 50 })).rejects.toMatchObject({ name: 'StatementTimeoutError' })
      await tx.rollback()
      async function* rows(): AsyncGenerator<{ readonly n: number }> {
        for (let n = 0; n < 2_000; n++) {
          if (n === 1_000) network.fallSilent()
          yield { n }
        }
      }
      const many = engine.executeMany(`insert into ${table} values (:n)`, rows(), { timeoutMs: 200 })
      await expect(many).rejects.toMatchObject({ name: 'StatementTimeoutError' })
      expect(await engine.scalar(`select count(*) from ${table}`)).toBe(0)
    } finally {
      await engine.close({ force: true })
    }
  })

  test.each([false, true])('a cancellation that overtakes its statement stops it all the same (prepared before: %s)', async (prepared) => {
    await using network = new Network(EngineURL.parse(server.url), server.name === 'postgresql' ? 5_432 : 3_306)
    const engine = createEngine(await network.open(), { pool: { max: 1 } })
    try {
      const table = server.table('cancelled')
      await engine.execute(`create table ${table} (n int)`)
      await using conn = await engine.connect()
      const sleep = server.name === 'postgresql' ? 'pg_sleep(:seconds)' : 'sleep(:seconds)'
      const insert = `insert into ${table} select 1 from (select ${sleep}) as slept`
      if (prepared) await conn.execute(insert, { seconds: 0 })
      const held = network.hold()
      const overtaking = network.another()
      const controller = new AbortController()
      const stopped = conn.execute(insert, { seconds: 600 }, { signal: controller.signal })
      await held.sent
      controller.abort()
      await expect(stopped).rejects.toMatchObject({ name: 'AbortError' })
      await overtaking
      held.release()
      expect(await conn.scalar(`select count(*) from ${table}`)).toBe(prepared ? 1 : 0)
    } finally {
      await engine.close({ force: true })
    }
  })

  test.each(['worker', 'main'] as const)('an engine whose setup never ends can be closed: placement %s', async (placement) => {
    const setup = await moduleOf('export default () => new Promise(() => {})')
    const engine = createEngine(server.url, { setup, placement, pool: { acquireTimeoutMs: 1_000 } })
    await expect(engine.connect()).rejects.toMatchObject({ name: 'PoolTimeoutError' })
    await engine.close()
    expect(engine.closed).toBe(true)
  })

  test('a shared thread that a worker function never leaves ends with its engine', async () => {
    const module = await moduleOf('export function never() { for (;;); }')
    const exits: Promise<unknown>[] = []
    const watch = (worker: Worker): number => exits.push(once(worker, 'exit'))
    process.on('worker', watch)
    const engine = createEngine(server.url)
    const conn = await engine.connect()
    process.off('worker', watch)
    const stuck = expect(conn.call(module, 'never')).rejects.toMatchObject({ name: 'WorkerTerminatedError' })
    await engine.close({ force: true, timeoutMs: 20_000 })
    await stuck
    expect(exits).toHaveLength(1)
    await Promise.all(exits)
  })
})

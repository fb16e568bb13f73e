import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { platform } from 'node:process'
import { createEngine } from 'offloop'
import { deaths } from '../faults/modules/deaths.ts'
import { named, type Path, type Paths, type Scene } from './canary-scene.ts'
import { rejection } from './canary-statements.ts'
import { urlOf } from './scratch.ts'

// A canary in calls that are given up or cut short, in queues, and in the objects that hold them.

const module = new URL('../faults/modules/deaths.ts', import.meta.url)
const manyRows = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) select i, ? from n'
const endlessRows = 'with recursive n(i) as (select 1 union all select i + 1 from n) select i, ? from n'
const longCall = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) select count(*), ? from n'

function dies(death: string): Path {
  return async ({ open, show, canary }) => {
    const engine = await open({ resourceLimits: { maxOldGenerationSizeMb: 32 } })
    const conn = await engine.connect()
    const tx = await conn.begin()
    await tx.execute('insert into t (id) values (?)', [`${canary}1`])
    const cursor = await tx.execute(manyRows, [canary])
    await cursor.fetchone()
    const calls = [
      // The first argument is for tests that want to know when it dies.
      tx.call(module, death, undefined, canary),
      tx.execute('select ?', [canary]),
      tx.executeMany('insert into t (id) values (?)', [[canary]]),
      cursor.fetchall(),
      tx.commit(),
    ]
    for (const call of await Promise.all(calls.map(rejection))) show('the error of a call', call)
    show('the connection', conn)
    throw await rejection(conn.execute('select ?', [canary]))
  }
}

const givenUp: Paths = {
  'a statement is aborted before it begins': async ({ engine, canary }) =>
    (await engine()).execute('select ?', [canary], { signal: AbortSignal.abort() }),
  'a statement is aborted while it runs': async ({ open, canary }) => {
    const engine = await open()
    const abort = new AbortController()
    const running = engine.execute(longCall, [canary], { signal: abort.signal })
    setImmediate(() => abort.abort(new Error('given up')))
    return running.fetchall()
  },
  'a stream is aborted between its rows': async ({ open, canary }) => {
    const engine = await open()
    const abort = new AbortController()
    for await (const _ of engine.stream(endlessRows, [canary], { signal: abort.signal })) abort.abort()
  },
  'a statement takes too long': async ({ open, canary }) => (await open()).execute(endlessRows, [canary], { timeoutMs: 30 }).fetchall(),
  'a statement takes longer than the engine allows': async ({ open, canary }) =>
    (await open({ statementTimeoutMs: 30 })).execute(endlessRows, [canary]).fetchall(),
  'a transaction is aborted': async ({ open, canary }) => {
    const abort = new AbortController()
    await (await open()).transaction(
      async (tx) => {
        await tx.execute('insert into t (id) values (?)', [canary])
        abort.abort()
      },
      { signal: abort.signal },
    )
  },
  'a queued statement is given up': async ({ open, show, canary }) => {
    const conn = await (await open()).connect()
    const first = conn.execute(longCall, [canary]).fetchall()
    const error = await rejection(conn.execute('select ?', [canary], { timeoutMs: 1 }))
    await first
    show('the connection', conn)
    throw error
  },
  'the engine is closed by force': async ({ open, canary }) => {
    const engine = await open()
    const tx = await engine.begin()
    await tx.execute('insert into t (id) values (?)', [canary])
    const running = rejection(tx.execute(longCall, [canary]).fetchall())
    await engine.close({ force: true })
    throw await running
  },
  'a closed engine is used': async ({ open, canary }) => {
    const engine = await open()
    await engine.close()
    await engine.execute('select ?', [canary])
  },
  'a closed connection is used': async ({ engine, canary }) => {
    const conn = await (await engine()).connect()
    await conn.close()
    await conn.execute('select ?', [canary])
  },
}

/** The database ends a transaction by itself, and what comes behind is told. */
async function isAborted({ open, show, canary }: Scene): Promise<void> {
  const engine = await open()
  await engine.execute('insert into t (id) values (?)', [canary])
  const tx = await engine.begin()
  show('the error that ended it', await rejection(tx.execute('insert or rollback into t (id) values (?)', [canary])))
  show('the error of a statement behind it', await rejection(tx.execute('insert into t (id) values (?)', [canary])))
  show('the transaction', tx)
  show('the error of the commit', await rejection(tx.commit()))
  await tx.rollback()
  throw await rejection(tx.execute('select ?', [canary]))
}

const transactions: Paths = {
  'a transaction is ended by the database': isAborted,
  'a commit has an unknown outcome': async ({ open, canary }) => {
    const conn = await (await open()).connect()
    await conn.call(module, 'dieAfterCommit')
    const tx = await conn.begin()
    await tx.execute('insert into t (id) values (?)', [canary])
    await tx.commit()
  },
  'a transaction waits for itself': async ({ open, canary }) => {
    const engine = await open()
    await engine.transaction(async (tx) => {
      await tx.execute('insert into t (id) values (?)', [canary])
      await engine.execute('insert into t (id) values (?)', [`${canary}2`])
    })
  },
  'a database is locked by another engine': async ({ driver, directory, open, canary }) => {
    const engine = await open({ busyTimeoutMs: 0 })
    await using other = createEngine(urlOf(driver, engine.url.database ?? directory))
    await using tx = await other.begin()
    await tx.execute('insert into t (id) values (?)', [canary])
    await engine.execute('insert into t (id) values (?)', [canary])
  },
  'a disk is full': async ({ open, canary }) => {
    const conn = await (await open()).connect()
    const pages = await conn.scalar<number>('pragma page_count')
    await conn.execute(`pragma max_page_count = ${pages}`)
    await conn.execute('insert into t (id) values (?)', [canary.repeat(1_000)])
  },
  'a database does not open': async ({ driver, canary }) => {
    await using engine = createEngine(urlOf(driver, '/proc/offloop/none.db'))
    await engine.execute('insert into t (id) values (?)', [canary])
  },
  'a database is none': async ({ driver, directory, canary }) => {
    const file = join(directory, 'text.db')
    writeFileSync(file, 'this is no database, whatever it is called; '.repeat(100))
    await using engine = createEngine(urlOf(driver, file))
    await engine.execute('select ? from t', [canary])
  },
  'a database lies outside': async ({ driver, directory, canary }) => {
    await using engine = createEngine(urlOf(driver, '/tmp/outside.db'), { baseDirectory: directory })
    await engine.execute('select ?', [canary])
  },
}

const pools: Paths = {
  'the pool is empty, leaks are looked for': async ({ open, show, canary }) => {
    const engine = await open({ pool: { max: 1, acquireTimeoutMs: 60 }, leakDetectionMs: 20 })
    const tx = await engine.begin()
    await tx.execute('insert into t (id) values (?)', [canary])
    show('the engine', engine)
    await engine.connect()
  },
  'the pool’s queue is full': async ({ open, canary }) => {
    const engine = await open({ pool: { max: 1, maxQueue: 0 } })
    const conn = await engine.connect()
    await conn.execute('select ?', [canary])
    await engine.connect()
  },
  'a stream finds no connection': async ({ open, canary }) => {
    const engine = await open({ pool: { max: 1, acquireTimeoutMs: 20 } })
    const conn = await engine.connect()
    await conn.execute('select ?', [canary])
    for await (const _ of engine.stream('select ?', [canary]));
  },
}

const objects: Paths = {
  'objects are shown while they hold a canary': async ({ open, show, canary }) => {
    const engine = await open()
    const conn = await engine.connect()
    const tx = await conn.begin()
    const pending = tx.execute('insert into t (id) values (?) returning id', [canary])
    show('a pending result', pending)
    const result = await pending
    show('a result', result)
    const cursor = await tx.execute(manyRows, [canary])
    await cursor.fetchone()
    const stream = tx.stream(manyRows, [canary])
    await stream[Symbol.asyncIterator]().next()
    const nested = await tx.beginNested()
    for (const [name, thing] of Object.entries({ engine, conn, tx, nested, cursor, stream })) show(name, thing)
    show('the driver', conn.driver)
    show('the status', engine.status())
    await tx.rollback()
    show('an ended transaction', tx)
    await conn.close()
    show('a closed connection', conn)
  },
  'objects are shown while statements wait': async ({ open, show, canary }) => {
    const engine = await open({ readers: 1 })
    const waiting = Array.from({ length: 20 }, () => engine.execute('select ?', [canary]).fetchall())
    const many = engine.executeMany('insert into t (id) values (?)', [[canary]])
    for (const thing of [engine, many, waiting]) show('what waits', thing)
    await Promise.all([...waiting, many])
  },
  'the process is looked at from outside': async ({ open, show, canary }) => {
    const engine = await open({ isolation: 'process' })
    const conn = await engine.connect()
    await conn.execute('insert into t (id) values (?)', [canary])
    for (const process of platform === 'linux' ? ['self', conn.threadId] : []) {
      for (const file of ['cmdline', 'environ']) show(`/proc/${process}/${file}`, readFileSync(join('/proc', `${process}`, file), 'latin1'))
    }
    const died = rejection(conn.execute(longCall, [canary]))
    process.kill(conn.threadId, 'SIGKILL')
    throw await died
  },
  'a thread is looked at from outside': async ({ open, show, canary }) => {
    const threads: unknown[] = []
    const note = (thread: unknown): void => void threads.push(thread)
    process.on('worker', note)
    const engine = await open()
    process.off('worker', note)
    const running = engine.execute(longCall, [canary]).fetchall()
    for (const thread of threads) show('a thread', thread)
    await running
  },
  'a warning is printed, and a report': async ({ show }) => {
    const warned = once(process, 'warning')
    process.emitWarning('a program warns')
    show('the warning', await warned)
    show('a report', JSON.stringify(process.report.getReport()))
  },
}

export const lifetimePaths: Paths = {
  ...named('a thread dies by', Object.fromEntries(deaths.map((death) => [death, death])), dies),
  ...givenUp,
  ...transactions,
  ...pools,
  ...objects,
}

import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type AsyncEngine, createEngine, InvalidRequestError, WorkerTerminatedError } from 'offloop'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { driverNames } from '../worker/open-driver.ts'

const endless = 'with recursive c(i) as (select 1 union all select i + 1 from c) select max(i) from c'
const rowsWithoutEnd = 'with recursive c(i) as (select 1 union all select i + 1 from c) select i from c'

const functions = new URL('worker-functions.mjs', import.meta.url)
const setup = new URL('modules/touch.ts', import.meta.url)

/** One native call that makes a file when it has begun. */
const busy = (file: string, limit: number): string =>
  `with recursive c(i) as (select touch('${file}') union all select i + 1 from c where i < ${limit}) select max(i) from c`

async function madeFile(file: string): Promise<void> {
  while (!existsSync(file)) await new Promise(setImmediate)
}

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'offloop-process-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

function runs(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch {
    return false
  }
}

describe.each(driverNames)('%s in processes', (driver) => {
  const open = (name: string): AsyncEngine =>
    createEngine(`sqlite+${driver}:///${join(folder, `${driver}-${name}.db`)}`, { isolation: 'process', setup })

  test('statements, transactions, streams and the remote handle work as in threads', async () => {
    await using engine = open('works')
    await engine.script('create table t (a integer primary key, b)')
    expect(
      await engine.executeMany(
        'insert into t (b) values (?)',
        Array.from({ length: 5_000 }, (_, i) => [i]),
      ),
    ).toEqual({ rowcount: 5_000 })
    await using conn = await engine.connect()
    {
      await using tx = await conn.begin()
      await tx.execute('delete from t')
    }
    expect(await conn.scalar('select count(*) from t')).toBe(5_000)
    const seen: unknown[] = []
    for await (const row of conn.stream('select a from t order by a')) if (seen.push(row) === 1_500) break
    expect(seen.at(-1)).toEqual({ a: 1_500 })
    expect((await engine.execute('select b from t').fetchall()).length).toBe(5_000)
    expect(await conn.execute('select ? as b', [Buffer.from('x')]).fetchall()).toEqual([{ b: Buffer.from('x') }])
    await conn.driver.exec('create table made_from_afar (a)')
    expect(await engine.hasTable('made_from_afar')).toBe(true)
    await expect(conn.execute('select nope')).rejects.toMatchObject({ driverCode: 'SQLITE_ERROR' })
    const pages: number[] = []
    await engine.backup(join(folder, `${driver}-copy.db`), { onProgress: ({ remainingPages }) => pages.push(remainingPages) })
    expect(existsSync(join(folder, `${driver}-copy.db`))).toBe(true)
    expect(pages.at(-1)).toBe(0)
  })

  test('bytes have memory of their own, which can be given away', async () => {
    await using engine = open('bytes')
    const rows = await engine.execute<{ a: Buffer; b: Buffer }>('select zeroblob(50000) as a, zeroblob(3) as b').fetchall()
    const [{ a, b }] = rows as [{ a: Buffer; b: Buffer }]
    expect([a.buffer.byteLength, b.buffer.byteLength]).toEqual([50_000, 3])
    structuredClone(null, { transfer: [a.buffer as ArrayBuffer] })
    expect([a.length, b]).toEqual([0, Buffer.alloc(3)])
  })

  test('a process has the heap that its limits give it', async () => {
    const limited = { isolation: 'process', resourceLimits: { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 3 } } as const
    await using engine = createEngine(`sqlite+${driver}:///${join(folder, `${driver}-limits.db`)}`, limited)
    expect(await engine.call(functions, 'heapLimitBytes')).toBeLessThan(60 * 1_048_576)
  })

  test('a value of call() that cannot be cloned keeps nothing behind it waiting', async () => {
    await using engine = open('uncloneable')
    await using conn = await engine.connect()
    await expect(conn.call(functions, 'giveFunction')).rejects.toThrow(InvalidRequestError)
    expect(await conn.call(functions, 'same', 1)).toBe(1)
  })

  test('memory that is shared cannot leave, and the connection lives', async () => {
    await using engine = open('shared')
    await using conn = await engine.connect()
    const shared = new SharedArrayBuffer(4)
    for (const value of [shared, { in: [shared] }]) {
      const refusal = { name: 'DataCloneError', message: expect.stringContaining('Argument 4 of call() cannot be cloned') as unknown }
      await expect(conn.call(functions, 'same', 1, value)).rejects.toMatchObject(refusal)
      await expect(engine.call(functions, 'same', 1, value)).rejects.toMatchObject(refusal)
      await expect(conn.driver.exec(value as unknown as string)).rejects.toMatchObject({ name: 'DataCloneError' })
    }
    await expect(conn.call(functions, 'giveSharedMemory')).rejects.toThrow(InvalidRequestError)
    expect(await conn.scalar('select 1')).toBe(1)
  })

  test('a value of call() is what it was given, whatever it looks like', async () => {
    await using engine = open('values')
    const given = [
      { port: 1 },
      { offloopPort: 1 },
      { cancel: 1 },
      { port: 1, data: 2, ports: [{ number: 1, index: 0 }] },
      [],
      null,
      undefined,
    ]
    for (const value of given) expect(await engine.call(functions, 'same', value)).toEqual(value)
  })

  test('a queued statement never runs, and those around it do', async () => {
    await using engine = open('queued')
    await engine.script('create table t (a)')
    const conn = await engine.connect()
    const abort = new AbortController()
    const { signal } = abort
    const inside = join(folder, `${driver}-queued-inside`)
    // Longer than a process has to stop what is given up.
    const running = conn.scalar(busy(inside, 2_000_000))
    const queued = Array.from({ length: 50 }, async (_, a) => conn.execute('insert into t values (?)', [a], { signal }))
    const behind = conn.execute('insert into t values (-1)')
    await madeFile(inside)
    abort.abort()
    for (const settled of await Promise.allSettled(queued)) expect(settled).toMatchObject({ reason: { name: 'AbortError' } })
    await Promise.all([running, behind])
    expect(await conn.execute('select a from t').scalars()).toEqual([-1])
    await conn.close()
  })

  test('a statement inside a native call is stopped with its process, and the next connection gets a fresh one', async () => {
    await using engine = open('killed')
    const conn = await engine.connect()
    await conn.execute('create table t (a)')
    const tx = await conn.begin()
    await tx.execute('insert into t values (1)')
    const abort = new AbortController()
    const inside = join(folder, `${driver}-killed-inside`)
    const running = conn.scalar(busy(inside, Number.MAX_SAFE_INTEGER), [], { signal: abort.signal })
    const queued = conn.execute('insert into t values (2)')
    await madeFile(inside)
    abort.abort()
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
    await expect(queued).rejects.toThrow(WorkerTerminatedError)
    await expect(tx.commit()).rejects.toThrow(WorkerTerminatedError)
    expect(runs(conn.threadId)).toBe(false)
    await tx.rollback()
    await conn.close()
    await using next = await engine.connect()
    expect(next.threadId).not.toBe(conn.threadId)
    expect(await next.scalar('select count(*) from t')).toBe(0)
    expect(engine.status()).toMatchObject({ inUse: 1, quarantined: 0 })
  })

  test('a statement that yields rows stops between two of them, and its process lives', async () => {
    await using engine = open('rows')
    await using conn = await engine.connect()
    const abort = new AbortController()
    const rows = conn.stream(rowsWithoutEnd, [], { signal: abort.signal })
    const read = async (): Promise<void> => {
      for await (const { i } of rows as AsyncIterable<{ i: number }>) if (i === 5_000) abort.abort()
    }
    await expect(read()).rejects.toMatchObject({ name: 'AbortError' })
    expect(await conn.scalar('select 1')).toBe(1)
  })

  test('a process that has stopped what was given up lives, however busy the program is meanwhile', async () => {
    await using engine = open('busy')
    await engine.script('create table t (a)')
    const tx = await engine.begin()
    await tx.execute('insert into t values (1)')
    for (const beforeItIsSent of [true, false]) {
      const abort = new AbortController()
      const running = tx.execute(rowsWithoutEnd, [], { signal: abort.signal })
      if (!beforeItIsSent) await running
      const rest = running.fetchall()
      abort.abort()
      // Longer than a process has to stop.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
      await expect(rest).rejects.toMatchObject({ name: 'AbortError' })
    }
    await tx.commit()
    expect(await engine.scalar('select a from t')).toBe(1)
  })

  test('a process that is killed from outside takes only its own connection along', async () => {
    await using engine = open('outside')
    await using other = await engine.connect()
    const conn = await engine.connect()
    const running = conn.scalar(endless)
    process.kill(conn.threadId, 'SIGKILL')
    await expect(running).rejects.toThrow(WorkerTerminatedError)
    await expect(conn.execute('select 1')).rejects.toThrow(WorkerTerminatedError)
    expect(await other.scalar('select 1')).toBe(1)
    expect(engine.status().inUse).toBe(1)
  })

  test('after close() no process is left', async () => {
    const engine = open('closed')
    const connections = await Promise.all([engine.connect(), engine.connect()])
    await engine.scalar('select 1')
    const processes = engine.status().workers.map(({ threadId }) => threadId)
    expect(processes.every(runs)).toBe(true)
    await engine.close()
    expect(processes.some(runs)).toBe(false)
    await Promise.all(connections.map((conn) => conn.close()))
  })

  test('a program that forgets to close ends by itself, and its processes with it', async () => {
    const program = `
      import { createEngine } from 'offloop'
      const engine = createEngine(${JSON.stringify(`sqlite+${driver}:///${join(folder, `${driver}-forgotten.db`)}`)}, { isolation: 'process' })
      const conn = await engine.connect()
      await conn.scalar('select 1')
      console.log(conn.threadId)
    `
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
    const processId = Number(stdout)
    expect(processId).toBeGreaterThan(0)
    // It ends when it finds its parent gone, which is a moment later.
    while (runs(processId)) await new Promise((resolve) => setImmediate(resolve))
  })
})

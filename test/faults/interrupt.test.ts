import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type AsyncConnection, createEngine, DriverLoadError } from 'offloop'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { driverNames } from '../worker/open-driver.ts'

const endless = 'with recursive c(i) as (select 1 union all select i + 1 from c) select max(i) from c'
const counting = 'with recursive c(i) as (select 1 union all select i + 1 from c where i < ?) select max(i) from c'

/** The extension is built on the machine that uses it. */
const compiler = spawnSync(process.env['CC'] ?? 'cc', ['--version']).status === 0

let folder: string
let extension: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'offloop-interrupt-'))
  if (!compiler) return
  const command = join(dirname(createRequire(import.meta.url).resolve('offloop/package.json')), 'dist', 'src', 'cli', 'main.js')
  const output = execFileSync(process.execPath, [command, 'build-interrupt', '--output', join(folder, 'offloop-interrupt.so')], {
    encoding: 'utf8',
  })
  extension = output.trim()
})

afterAll(() => rmSync(folder, { recursive: true }))

/** Gives up a statement that is surely inside SQLite: a user function says so from there. */
async function abortEndless(conn: AsyncConnection): Promise<void> {
  const abort = new AbortController()
  const ended = conn.scalar(endless, [], { signal: abort.signal })
  await nextTurn()
  abort.abort()
  await expect(ended).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
}

describe.skipIf(!compiler).each(driverNames)('%s with the interrupt extension', (driver) => {
  const open = () => createEngine(`sqlite+${driver}:///${join(folder, `${driver}.db`)}`, { interrupt: extension })

  test('an endless aggregate ends and its connection goes on', async () => {
    await using engine = open()
    await using conn = await engine.connect()
    const { threadId } = conn
    for (let run = 0; run < 5; run++) {
      await abortEndless(conn)
      expect(await conn.scalar('select 1')).toBe(1)
    }
    expect(conn.threadId).toBe(threadId)
    expect(engine.status().quarantined).toBe(0)
  })

  test('500 statements given up never take the innocent one behind them along', async () => {
    await using engine = open()
    await using conn = await engine.connect()
    for (let run = 0; run < 500; run++) {
      const abort = new AbortController()
      const given = conn.scalar(counting, [run % 7 === 0 ? 100_000 : 50], { signal: abort.signal })
      const innocent = conn.scalar('select 42')
      if (run % 2 === 0) await nextTurn()
      abort.abort()
      await given.catch((error: Error) => expect(error.name).toBe('AbortError'))
      expect(await innocent).toBe(42)
    }
  })

  test('an open cursor is not hit', async () => {
    await using engine = open()
    await using conn = await engine.connect()
    const rows = await conn.execute('with recursive c(i) as (select 1 union all select i + 1 from c where i < 5000) select i from c')
    const abort = new AbortController()
    const given = conn.scalar(counting, [3_000_000], { signal: abort.signal })
    await nextTurn()
    abort.abort()
    await expect(given).rejects.toMatchObject({ name: 'AbortError' })
    expect(await rows.fetchall()).toHaveLength(5_000)
  })

  test('a connection that was reset can still be interrupted', async () => {
    await using engine = open()
    {
      await using conn = await engine.connect()
      await conn.execute('create temp table t (a)')
    }
    await using conn = await engine.connect()
    await abortEndless(conn)
    expect(await conn.scalar('select 1')).toBe(1)
  })

  test('no SQL can interrupt', async () => {
    await using engine = open()
    await using conn = await engine.connect()
    await expect(conn.scalar('select offloop_interrupt(1)')).rejects.toMatchObject({ driverCode: 'SQLITE_ERROR' })
  })
})

test('an extension that is not there is refused by name, with the command that builds it', async () => {
  await using engine = createEngine('sqlite://', { interrupt: join(folder, 'missing.so') })
  await expect(engine.connect()).rejects.toThrow(DriverLoadError)
  await expect(engine.connect()).rejects.toThrow(/offloop build-interrupt/)
})

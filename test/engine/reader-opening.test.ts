import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { renameSync } from 'node:fs'
import type { AsyncEngine, Logger } from 'offloop'
import { expect, test, vi } from 'vitest'
import { errorOf, openEngine, temporaryFile } from './open-engine.ts'
import { openRuledEngine } from './opening-rules.ts'

const slow = 'with recursive c (i) as (select 1 union all select i + 1 from c where i < 30000) select count(*) from c'

/** So many reads at once that more than one reader is wanted for them. */
async function readAtOnce(engine: AsyncEngine, count = 8): Promise<void> {
  expect(await Promise.all(Array.from({ length: count }, () => engine.scalar(slow)))).toEqual(Array.from({ length: count }, () => 30_000))
}

function collectWarnings(): { readonly warnings: string[]; readonly logger: Logger } {
  const warnings: string[] = []
  return { warnings, logger: { debug() {}, info() {}, warn: (text) => void warnings.push(String(text)), error() {} } }
}

test('a reader that cannot be opened fails no statement while another one lives, which is told once', async () => {
  const { warnings, logger } = collectWarnings()
  const { engine, refuse } = openRuledEngine({ readers: 4, logger })
  expect(await engine.scalar('select 1')).toBe(1)
  refuse(true)
  await readAtOnce(engine)
  expect(engine.status().size).toBe(1)
  await readAtOnce(engine, 40)
  expect(warnings).toEqual([
    'offloop: a further connection for reads could not be opened: refused. Those that are open serve its statements, and it is tried again when they are busy.',
  ])
})

test('it is opened later, when it can be', async () => {
  const { warnings, logger } = collectWarnings()
  const { engine, refuse } = openRuledEngine({ readers: 2, logger })
  expect(await engine.scalar('select 1')).toBe(1)
  refuse(true)
  await readAtOnce(engine)
  refuse(false)
  while (engine.status().size < 2) await readAtOnce(engine)
  expect(warnings).toHaveLength(1)
})

test('of readers that open together one is enough', async () => {
  const { engine, hold, refuseOthers } = openRuledEngine({ readers: 4, logger: collectWarnings().logger })
  // The first connection makes the file: those behind it open together.
  await engine.execute('create table t (x)')
  let refused = 0
  const count = (): void => void refused++
  subscribe('tracing:offloop:connect:error', count)
  refuseOthers(true)
  hold(true)
  const read = Promise.all(Array.from({ length: 20 }, () => engine.scalar('select count(*) from t')))
  await vi.waitUntil(() => refused >= 3, { timeout: 20_000 })
  unsubscribe('tracing:offloop:connect:error', count)
  hold(false)
  expect(await read).toEqual(Array.from({ length: 20 }, () => 0))
})

test('where none lives each statement hears why, and the next ones try again', async () => {
  const { engine, refuse } = openRuledEngine({ readers: 2 })
  await engine.execute('create table t (x)')
  refuse(true)
  const refused = await Promise.allSettled(Array.from({ length: 9 }, () => engine.scalar('select count(*) from t')))
  for (const settled of refused) expect(settled).toMatchObject({ status: 'rejected', reason: { message: 'refused' } })
  refuse(false)
  expect(await engine.scalar('select count(*) from t')).toBe(0)
})

test('a statement that is given up while its reader opens runs nowhere', async () => {
  const { engine, hold, refuse } = openRuledEngine({ readers: 2, logger: collectWarnings().logger })
  expect(await engine.scalar('select 1')).toBe(1)
  hold(true)
  const abort = new AbortController()
  const busy = engine.scalar(slow)
  const given = errorOf(engine.scalar('select 2', [], { signal: abort.signal }))
  const kept = engine.scalar('select 3')
  abort.abort()
  expect(await given).toMatchObject({ name: 'AbortError' })
  refuse(true)
  hold(false)
  expect([await busy, await kept]).toEqual([30_000, 3])
})

test('an engine that closes while a reader cannot be opened finishes what it has accepted', async () => {
  const { engine, refuse } = openRuledEngine({ readers: 4, logger: collectWarnings().logger })
  expect(await engine.scalar('select 1')).toBe(1)
  refuse(true)
  const read = readAtOnce(engine)
  await engine.close()
  await read
})

test('a reader whose file has gone is not needed as long as another one has it open', async () => {
  const file = temporaryFile()
  const engine = openEngine({ readers: 2, logger: collectWarnings().logger }, { file })
  await engine.execute('create table t (x)')
  expect(await engine.scalar('select count(*) from t')).toBe(0)
  renameSync(file, `${file}.away`)
  await readAtOnce(engine)
  renameSync(`${file}.away`, file)
})

import { afterEach, expect, test, vi } from 'vitest'
import { functions, openEngine } from './open-engine.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Awaits so many small statements, one after another, and gives how often the event loop turned meanwhile. */
async function turnsDuring(statements: number, select: (index: number) => Promise<unknown>): Promise<number> {
  let turns = 0
  let going = true
  const turn = () => {
    turns++
    if (going) setImmediate(turn)
  }
  setImmediate(turn)
  for (let index = 0; index < statements; index++) expect(await select(index)).toBe(index)
  going = false
  return turns
}

test('whoever awaits small statements, one after another, leaves the event loop its turns', async () => {
  const conn = await openEngine().connect()
  const turns = await turnsDuring(4_000, (index) => conn.scalar('select ?', [index]))
  expect(turns).toBeGreaterThan(4_000 / 50)
  await conn.close()
})

test('several connections in turn do too', async () => {
  const engine = openEngine()
  const connections = await Promise.all([engine.connect(), engine.connect(), engine.connect()])
  const turns = await turnsDuring(3_000, (index) => connections[index % 3]?.scalar('select ?', [index]) as Promise<unknown>)
  expect(turns).toBeGreaterThan(3_000 / 50)
  await engine.close()
})

test('the loop has its turns also where each answer is there before it looks', async () => {
  const conn = await openEngine().connect()
  const announced = new Int32Array(new SharedArrayBuffer(4))
  await conn.call(functions, 'announceIn', announced)
  const turns = await turnsDuring(8_000, (index) => {
    const answer = conn.scalar('select announce(?)', [index])
    // Behind the statement's own look, which comes first: its answer is on its way when this ends.
    process.nextTick(() => {
      while (Atomics.load(announced, 0) !== index) {}
      for (let pause = 0; pause < 5_000; pause++) Atomics.load(announced, 0)
    })
    return answer
  })
  // Node.js hands over up to 1,000 messages of one port before the loop turns.
  expect(turns).toBeGreaterThan(8_000 / 1_500)
  await conn.close()
})

test('a clock that stands still keeps nobody waiting', async () => {
  const conn = await openEngine().connect()
  await conn.scalar('select 1')
  vi.spyOn(performance, 'now').mockReturnValue(performance.now())
  for (let index = 0; index < 200; index++) expect(await conn.scalar('select ?', [index])).toBe(index)
  const counted = 'with recursive c(i) as (select 1 union all select i + 1 from c limit 300000) select max(i) from c'
  expect(await conn.scalar(counted)).toBe(300_000)
  await conn.close()
})

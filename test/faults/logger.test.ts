import { once } from 'node:events'
import { type Logger, WorkerTerminatedError } from 'offloop'
import { expect, test } from 'vitest'
import { livingThreads } from '../soak/threads.ts'
import { runProgram } from './run-program.ts'
import { openEngine, rejectionOf } from './test-engine.ts'

const fail = (): never => {
  throw new Error('the log is full')
}
const logger: Logger = { debug: fail, info: fail, warn: fail, error: fail }

async function warningOf(work: () => Promise<unknown>): Promise<unknown> {
  const warned = once(process, 'warning')
  await work()
  return (await warned)[0]
}

const told = { message: expect.stringContaining('logger of an engine has thrown an error: the log is full') }

test('a logger that throws keeps no statement from its answer', async () => {
  const engine = openEngine({ logger, echo: true })
  const warning = await warningOf(async () => {
    await engine.script('create table t (a)')
    await engine.execute('insert into t values (?)', [1])
    expect(await engine.scalar('select a from t')).toBe(1)
  })
  expect(warning).toMatchObject(told)
})

test('a logger that throws when it is told of a lost connection lets that be replaced', async () => {
  const engine = openEngine({ logger })
  const conn = await engine.connect()
  const [thread] = livingThreads()
  expect(await warningOf(async () => await thread?.terminate())).toMatchObject(told)
  expect(await rejectionOf(conn.scalar('select 1'))).toBeInstanceOf(WorkerTerminatedError)
  await conn.close()
  expect(await engine.scalar('select 1')).toBe(1)
})

test('a line on stderr beside many threads makes Node.js warn of nothing', async () => {
  const { code, stderr } = await runProgram(`
    import { createEngine } from 'offloop'
    const engine = createEngine('sqlite://', { echo: true })
    const connections = await Promise.all(Array.from({ length: 12 }, () => engine.connect()))
    await Promise.all(connections.map((connection) => connection.scalar('select 1')))
    await engine.close({ force: true })
  `)
  expect(code).toBe(0)
  expect(stderr.replaceAll(/^offloop: .*\n/gm, '')).toBe('')
})

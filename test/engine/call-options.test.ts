import { ArgumentError } from 'offloop'
import { expect, test } from 'vitest'
import { errorOf, openEngine, temporaryFile } from './open-engine.ts'

const refusedByClose: readonly (readonly [unknown, string])[] = [
  [null, 'The options of close() must be an object.'],
  [[], 'The options of close() must be an object.'],
  [{ forced: true }, 'close() has no option "forced"; it has force, timeoutMs.'],
  [{ force: 'yes' }, 'force must be true or false.'],
  [{ timeoutMs: -1 }, 'timeoutMs must be a number of milliseconds, 0 or more.'],
  [{ timeoutMs: Number.NaN }, 'timeoutMs must be a number of milliseconds, 0 or more.'],
]

test.each(refusedByClose)('close(%j) is refused, and the engine stays open', async (options, message) => {
  const engine = openEngine()
  const error = await errorOf(engine.close(options as never))
  expect(error).toBeInstanceOf(ArgumentError)
  expect(error.message).toBe(message)
  expect(engine.closed).toBe(false)
  expect(await engine.scalar('select 1')).toBe(1)
})

const refusedByBackup: readonly (readonly [unknown, string])[] = [
  [null, 'The options of backup() must be an object.'],
  [{ progress: 1 }, 'backup() has no option "progress"; it has onProgress, signal.'],
  [{ onProgress: 1 }, 'onProgress must be a function.'],
  [{ signal: {} }, 'signal must be an AbortSignal.'],
]

test.each(refusedByBackup)('backup(…, %j) is refused before a connection is taken', async (options, message) => {
  const engine = openEngine()
  const error = await errorOf(engine.backup(temporaryFile(), options as never))
  expect(error).toBeInstanceOf(ArgumentError)
  expect(error.message).toBe(message)
  expect(engine.status().size).toBe(0)
  await using connection = await engine.connect()
  expect(await errorOf(connection.backup(temporaryFile(), options as never))).toMatchObject({ message })
})

test('execute() refuses a serverTexts that is neither true nor false', async () => {
  const error = await errorOf(openEngine().execute('select 1', [], { serverTexts: 'yes' } as never))
  expect(error).toBeInstanceOf(ArgumentError)
  expect(error.message).toBe('serverTexts must be true or false.')
})

test('serverTexts means nothing to SQLite', async () => {
  expect(await openEngine().execute("select 1 as one, '2024-01-01' as day", [], { serverTexts: true }).one()).toEqual({
    one: 1,
    day: '2024-01-01',
  })
})

test('stream() refuses its options before a connection is taken', async () => {
  const engine = openEngine()
  const rows = engine.stream('select 1', [], { signal: {} as never })
  expect(await errorOf(rows[Symbol.asyncIterator]().next())).toMatchObject({ message: 'signal must be an AbortSignal.' })
  expect(engine.status().size).toBe(0)
})

test('a name that is no option is repeated as far as it can be printed', async () => {
  const error = await errorOf(openEngine().execute('select 1', [], { [`a\n\ud800${'x'.repeat(10_000)}`]: 1 } as never))
  expect(error.message).toContain('execute() has no option "a\\n\ufffdxxx')
  expect(error.message.length).toBeLessThan(200)
})

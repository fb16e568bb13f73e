import { ArgumentError, type CloseOptions, createEngine } from 'offloop'
import { expect, test } from 'vitest'

test('statementCacheSize: 0 keeps no statement, and all of them run', async () => {
  const engine = createEngine('sqlite://', { statementCacheSize: 0 })
  const conn = await engine.connect()
  const results = await Promise.all(Array.from({ length: 20 }, (_, n) => conn.scalar(`select ${n % 5}`)))
  expect(results).toEqual(Array.from({ length: 20 }, (_, n) => n % 5))
  await engine.close()
})

test('close() takes force and timeoutMs, and refuses what it does not know', async () => {
  const engine = createEngine('sqlite://')
  const wrong: unknown[] = [{ foo: 1 }, { timeoutMs: -1 }, { force: 'yes' }, null, 1]
  for (const options of wrong) await expect(engine.close(options as CloseOptions), JSON.stringify(options)).rejects.toThrow(ArgumentError)
  expect(engine.closed).toBe(false)
  await engine.close({ force: true, timeoutMs: 100 })
})

test('a memory database cannot be opened for reading only by its URL', () => {
  for (const url of ['sqlite://?mode=ro', 'sqlite:///:memory:?mode=rw']) expect(() => createEngine(url), url).toThrow(ArgumentError)
  expect(createEngine('sqlite://?mode=rwc').closed).toBe(false)
})

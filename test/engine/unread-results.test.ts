import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, ResourceClosedError } from 'offloop'
import { afterAll, beforeAll, expect, test } from 'vitest'

const manyRows = 'with recursive c(i) as (select 1 union all select i + 1 from c where i < 50000) select i from c'

let folder: string
let url: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'offloop-unread-'))
  url = `sqlite:///${join(folder, 'test.db')}`
})

afterAll(() => rmSync(folder, { recursive: true }))

test('a result that nobody reads on keeps no connection from closing, and is closed with it', async () => {
  await using engine = createEngine(url)
  const conn = await engine.connect()
  const result = await conn.execute(manyRows)
  expect(await result.fetchone()).toEqual({ i: 1 })
  await conn.close()
  await expect(result.fetchall()).rejects.toThrow(ResourceClosedError)
})

test('nor a connection that is not to be used again', async () => {
  await using engine = createEngine(url)
  const conn = await engine.connect()
  await (await conn.execute(manyRows)).fetchone()
  conn.invalidate()
  await conn.close()
  expect(engine.status().inUse).toBe(0)
})

test('nor an engine, whoever has the result', async () => {
  const engine = createEngine(url)
  const conn = await engine.connect()
  const results = [await conn.execute(manyRows), await engine.execute(manyRows)]
  for (const result of results) await result.fetchone()
  await engine.close()
  for (const result of results) await expect(result.fetchall()).rejects.toThrow(ResourceClosedError)
})

test('that nobody ever looks at is no failure of its statement when it is closed unread', async () => {
  await using engine = createEngine(url)
  const conn = await engine.connect()
  const tx = await engine.begin()
  // An unhandled rejection would fail this file.
  for (const executor of [engine, conn, tx]) void executor.execute(manyRows)
  await Promise.all([conn.scalar('select 1'), tx.scalar('select 1'), engine.scalar('select 1')])
  await tx.commit()
  await conn.close()
})

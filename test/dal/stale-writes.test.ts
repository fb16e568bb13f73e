import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { describeDialects } from '../conformance/targets.ts'

const program = fileURLToPath(new URL('./count-up.mjs', import.meta.url))
const processes = 8

describeDialects((fixture) => {
  test('eight processes change one row by its version: no write is lost, and each stale one says so', { timeout: 120_000 }, async () => {
    const times = fixture.isFile ? 200 : 40
    const engine = fixture.engine()
    await engine.execute('create table counter (id integer primary key, n integer not null, version integer not null)')
    await engine.execute('insert into counter values (1, 0, 1)')
    const ended = await Promise.all(
      Array.from({ length: processes }, () => promisify(execFile)(process.execPath, [program, fixture.url, String(times)])),
    )
    // Whatever else fails ends its process with an error.
    expect(ended.map(({ stderr }) => stderr).join('')).toBe('')
    const stale = ended.map(({ stdout }) => Number(stdout)).reduce((sum, count) => sum + count)
    expect(stale).toBeGreaterThan(0)
    expect(await engine.execute('select n, version from counter').one()).toEqual({ n: processes * times, version: processes * times + 1 })
  })
})

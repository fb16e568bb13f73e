import { writeFileSync } from 'node:fs'
import type { AsyncConnection } from 'offloop'
import { expect, test } from 'vitest'
import { functions, openEngine, temporaryFile } from './open-engine.ts'

const setup = new URL('./wait-for-file.mjs', import.meta.url)

/** Ways to keep a connection busy until the file is there. */
const long: Readonly<Record<string, (conn: AsyncConnection, file: string) => Promise<() => Promise<unknown>>>> = {
  'a statement': async (conn, file) => () => conn.scalar(`select wait_for_file('${file}')`),
  'a script': async (conn, file) => () => conn.script(`select wait_for_file('${file}')`),
  'an executeMany': async (conn, file) => {
    await conn.execute('create table t (a)')
    return () => conn.executeMany('insert into t values (wait_for_file(?))', [[file]])
  },
  'the rest of a result': async (conn, file) => {
    const cursor = await conn.execute(
      `with recursive c(i) as (select 1 union all select i + 1 from c limit 3000) select case i when 1500 then wait_for_file('${file}') end from c`,
    )
    await cursor.fetchone()
    return () => cursor.fetchmany(1_600)
  },
}

test.each(Object.entries(long))('an answer that is there does not wait for %s behind it', async (_, prepare) => {
  const engine = openEngine({ setup })
  await using conn = await engine.connect()
  const file = temporaryFile()
  const busy = await prepare(conn, file)
  // It is known to be quick now: nothing makes its answer leave but what comes behind it.
  for (let run = 0; run < 3; run++) await conn.scalar('select 1')
  const before = conn.scalar('select 1')
  const behind = busy()
  expect(await before).toBe(1)
  writeFileSync(file, '')
  await behind
})

test.each(['thread', 'process'] as const)('a large answer is there before what is behind it begins (isolation %s)', async (isolation) => {
  const engine = openEngine({ isolation, setup })
  await using conn = await engine.connect()
  for (const large of [
    () => conn.scalar<Buffer>('select zeroblob(5000000)'),
    () => conn.call(functions, 'all', 'select zeroblob(5000000) as b'),
    () =>
      conn.execute('with recursive c(i) as (select 1 union all select i + 1 from c limit 50) select zeroblob(100000) from c').fetchall(),
  ]) {
    const file = temporaryFile()
    const before = large()
    const behind = conn.scalar(`select wait_for_file('${file}')`)
    await before
    writeFileSync(file, '')
    expect(await behind).toBe(1)
  }
})

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { driverNames } from '../soak/scratch.ts'
import { openFile, temporaryDirectory } from './test-engine.ts'

// What SQL alone can do beyond the database it was sent to. The README says so under "Good to know".
describe.each(driverNames)('%s', (driver) => {
  test('ATTACH makes a file where there is none, and is gone with the borrower', async () => {
    const directory = temporaryDirectory()
    const engine = openFile(driver, join(directory, 'main.db'), { pool: { max: 1 } })
    const connection = await engine.connect()
    await connection.execute('attach ? as other', [join(directory, 'other.db')])
    await connection.execute('create table other.note (text)')
    await connection.close()
    expect(existsSync(join(directory, 'other.db'))).toBe(true)
    await engine.execute('attach ? as another', [join(directory, 'another.db')])
    const next = await engine.connect()
    expect(await next.execute('select name from pragma_database_list').scalars()).toEqual(['main'])
    expect(await engine.execute('select name from pragma_database_list').scalars()).toEqual(['main'])
  })

  test('VACUUM INTO writes a new file, also on a connection for reading, and over no older one', async () => {
    const directory = temporaryDirectory()
    const engine = openFile(driver, join(directory, 'main.db'))
    await engine.execute('create table note (text)')
    const reader = await engine.connect({ readonly: true })
    await reader.execute('vacuum into ?', [join(directory, 'copy.db')])
    expect(existsSync(join(directory, 'copy.db'))).toBe(true)
    await expect(reader.execute('vacuum into ?', [join(directory, 'copy.db')])).rejects.toMatchObject({ code: 'OFFLOOP_PROGRAMMING' })
  })

  test('load_extension() in SQL is refused', async () => {
    const engine = openFile(driver, join(temporaryDirectory(), 'main.db'))
    const connection = await engine.connect()
    const refused = { name: 'ProgrammingError', message: expect.stringMatching(/not authorized|no such function/) }
    for (const executor of [engine, connection]) {
      await expect(executor.execute("select load_extension('/tmp/none')")).rejects.toMatchObject(refused)
    }
  })
})

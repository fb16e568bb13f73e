import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { driverNames } from '../soak/scratch.ts'
import { openFile, temporaryDirectory } from './test-engine.ts'

// What SQL alone can do beyond the database it was sent to. docs/sqlite.md says so.
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

  test('a memory database attaches and writes files of the system, however they are named', async () => {
    const directory = temporaryDirectory()
    const named = (name: string): string => join(directory, name)
    const engine = createEngine(`sqlite+${driver}://`)
    try {
      await using connection = await engine.connect()
      await connection.execute('create table note (text)')
      await connection.execute("insert into note values ('a')")
      await connection.execute('vacuum into ?', [named('one.db')])
      const odd = named("it's ?two#%.db")
      const quoted = `'${odd.replaceAll("'", "''")}'`
      await connection.execute(`VACUUM main INTO ${quoted}`)
      expect(existsSync(odd)).toBe(true)
      await connection.execute('attach ? as one', [named('one.db')])
      await connection.execute(`attach database ${quoted} as two`)
      await connection.script(
        `attach 'file:${named('one.db')}?mode=ro' as three; insert into one.note values ('semi;colon'); attach '' as four`,
      )
      expect(await connection.execute('select text from one.note').scalars()).toEqual(['a', 'semi;colon'])
      expect(await connection.execute('select text from two.note').scalars()).toEqual(['a'])
      expect(await connection.execute('select text from three.note').scalars()).toEqual(['a', 'semi;colon'])
      await expect(connection.execute(`attach 'a' || 'b' as five`)).rejects.toThrow('take the name of the file as a text or a parameter')
    } finally {
      await engine.close()
    }
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

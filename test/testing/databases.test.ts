import { copyFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { createEngine, EngineURL } from 'offloop'
import { createDatabase, dropDatabase } from 'offloop/testing'
import { describe, expect, test } from 'vitest'
import { rejectionOf } from '../conformance/targets.ts'
import { runProgram } from '../faults/run-program.ts'
import { describeFolder, describePlaces, describeServerPlaces } from './places.ts'

/** What another process says that is told to drop a database. */
async function dropElsewhere(url: string): Promise<string> {
  const program = `
    import { dropDatabase } from 'offloop/testing'
    console.log(await dropDatabase(process.env.TEST_URL).then(() => 'dropped', (error) => error.name))
  `
  const { stdout, stderr } = await runProgram(program, { env: { TEST_URL: url } })
  return stdout.trim() + stderr
}

describePlaces((place) => {
  test('a database is made empty, and dropped', async () => {
    const url = place.url()
    const created = await createDatabase(url)
    expect(created).toBeInstanceOf(EngineURL)
    expect(created.render({ hidePassword: false })).toBe(url)
    const engine = createEngine(created)
    expect(await engine.tableNames()).toEqual([])
    await engine.execute('create table t (n integer)')
    await engine.execute('insert into t values (1)')
    await engine.close()
    await dropDatabase(created)
    expect(await place.has(url)).toBe(false)
  })

  test('one that is there is not made again, and stays as it is', async () => {
    const url = await place.sentinel()
    const error = await rejectionOf(createDatabase(url))
    expect(error).toMatchObject({ name: 'InvalidRequestError', code: 'OFFLOOP_INVALID_REQUEST' })
    expect(error.message).toContain('already')
    expect(error.message).toContain(JSON.stringify(EngineURL.parse(url).database))
    expect(await place.sentinelRows(url)).toEqual([7])
  })

  test('one that somebody else has made is not dropped, also not after it was refused', async () => {
    const url = await place.sentinel()
    await createDatabase(url).catch(() => {})
    const error = await rejectionOf(dropDatabase(url))
    expect(error).toMatchObject({ name: 'InvalidRequestError' })
    expect(error.message).toContain('not made by createDatabase()')
    expect(await dropElsewhere(url)).toBe('InvalidRequestError')
    expect(await place.sentinelRows(url)).toEqual([7])
  })

  test('another process drops what this one has made', async () => {
    const url = place.url()
    await createDatabase(url)
    expect(await dropElsewhere(url)).toBe('dropped')
    expect(await place.has(url)).toBe(false)
    expect((await rejectionOf(dropDatabase(url))).message).toContain('There is no database')
  })

  test('one that was never there is not dropped, and one that was is dropped once', async () => {
    const url = place.url()
    expect(await rejectionOf(dropDatabase(url))).toMatchObject({ name: 'InvalidRequestError' })
    expect(place.name === 'sqlite' ? place.files() : []).toEqual([])
    await createDatabase(url)
    await dropDatabase(url)
    expect((await rejectionOf(dropDatabase(url))).message).toContain('There is no database')
    await createDatabase(url)
    await dropDatabase(url)
  })

  test('names are quoted', async () => {
    for (const name of ['offloop "x`y; --', "offloop 'Ä %20"]) {
      const url = EngineURL.parse(place.url())
      const named = url.with({ database: place.name === 'sqlite' ? join(place.folder, name) : name })
      await createDatabase(named)
      expect(await place.has(named)).toBe(true)
      const engine = createEngine(named)
      expect(await engine.tableNames()).toEqual([])
      await engine.close()
      await dropDatabase(named)
      expect(await place.has(named)).toBe(false)
    }
  })

  test('of several that make it at once, one does', async () => {
    const url = place.url()
    const made = await Promise.allSettled([createDatabase(url), createDatabase(url), createDatabase(url)])
    const refused = made.flatMap((each) => (each.status === 'rejected' ? [each.reason.name] : []))
    expect(refused).toEqual(['InvalidRequestError', 'InvalidRequestError'])
    const dropped = await Promise.allSettled([dropDatabase(url), dropDatabase(url)])
    expect(dropped.map(({ status }) => status)).toContain('fulfilled')
    expect(await place.has(url)).toBe(false)
  })
})

describeServerPlaces((place) => {
  test('the sessions of others are ended, with what they have open', async () => {
    const url = place.url()
    await createDatabase(url)
    const other = createEngine(url)
    await other.execute('create table t (n integer)')
    const tx = await other.begin()
    await tx.execute('insert into t values (1)')
    const idle = await other.connect()
    await dropDatabase(url)
    expect(await place.has(url)).toBe(false)
    expect(await rejectionOf(tx.execute('insert into t values (2)'))).toMatchObject({ name: expect.stringMatching(/Error$/) })
    expect(await rejectionOf(idle.execute('select n from t'))).toMatchObject({ name: expect.stringMatching(/Error$/) })
    await tx.rollback()
    await other.close()
  })

  test('a database without a name is refused before anything is asked', async () => {
    const url = EngineURL.parse(place.url()).with({ database: undefined, host: 'offloop.invalid' })
    expect(await rejectionOf(createDatabase(url))).toMatchObject({ name: 'ArgumentError' })
    expect(await rejectionOf(dropDatabase(url))).toMatchObject({ name: 'ArgumentError' })
  })
})

describeFolder((place) => {
  test('a file that is open elsewhere is left to whoever has it, and dropped when he has closed it', async () => {
    const url = place.url()
    await createDatabase(url)
    const other = createEngine(url)
    await other.execute('create table t (n integer)')
    expect(await rejectionOf(dropDatabase(url))).toMatchObject({ name: 'OperationalError' })
    await other.execute('insert into t values (1)')
    expect(await other.execute('select n from t').scalars()).toEqual([1])
    await other.close()
    await dropDatabase(url)
    expect(place.files()).toEqual([])
  })

  test('a file of somebody else is left as it is, its journal mode included', async () => {
    const url = await place.sentinel()
    await rejectionOf(dropDatabase(url))
    expect(place.files()).toHaveLength(1)
    await using engine = createEngine(`${url}?mode=ro`)
    await using conn = await engine.connect({ readonly: true })
    expect(await conn.scalar('pragma journal_mode')).toBe('delete')
  })

  test('another file under the name of one that was made is not taken for that', async () => {
    const url = place.url()
    const { database = '' } = await createDatabase(url)
    const sentinel = await place.sentinel()
    await rename(EngineURL.parse(sentinel).database ?? '', database)
    expect(await rejectionOf(dropDatabase(url))).toMatchObject({ name: 'InvalidRequestError' })
    expect(await place.sentinelRows(url)).toEqual([7])
  })

  test('what is no database is neither made nor dropped', async () => {
    const url = place.url()
    const { database = '' } = EngineURL.parse(url)
    await copyFile(new URL('../../README.md', import.meta.url), database)
    expect(await rejectionOf(createDatabase(url))).toMatchObject({ name: 'InvalidRequestError' })
    expect(await rejectionOf(dropDatabase(url))).toMatchObject({ name: 'InvalidRequestError' })
    expect(place.files()).toHaveLength(1)
  })

  test('a folder that is not there is named in the refusal', async () => {
    const url = new EngineURL({ dialect: 'sqlite', database: join(place.folder, 'nowhere', 'test.db') })
    const error = await rejectionOf(createDatabase(url))
    expect(error).toMatchObject({ name: 'OperationalError' })
    expect(error.message).toContain('nowhere')
  })
})

describe('a database in memory', () => {
  test.for(['sqlite://', 'sqlite:///:memory:', 'sqlite+node://'])('%s is neither created nor dropped', async (url) => {
    expect(await rejectionOf(createDatabase(url))).toMatchObject({ name: 'ArgumentError' })
    expect(await rejectionOf(dropDatabase(url))).toMatchObject({ name: 'ArgumentError' })
  })
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { BackupProgress } from '../../worker/drivers/driver.ts'
import { loadDriver, loadErrorToWire } from '../../worker/drivers/load-driver.ts'
import {
  driverNames,
  nodeSqliteWorks,
  openDriver,
  openOptions,
  query,
  temporaryDirectory,
  temporaryFile,
  wireErrorOf,
} from './open-driver.ts'

describe.each(driverNames)('%s', (name) => {
  describe('open', () => {
    test('makes a new file unless it must exist', async () => {
      const file = temporaryFile()
      const driver = await loadDriver(name)
      for (const readonly of [true, false]) {
        const error = await wireErrorOf(driver, () => driver.open(openOptions(file, { mustExist: true, readonly })))
        expect(error).toMatchObject({ family: 'operational', driverCode: 'SQLITE_CANTOPEN' })
      }
      expect(existsSync(file)).toBe(false)
      await openDriver(name, file, { pragmas: [['journal_mode', 'WAL']] })
      expect(existsSync(file)).toBe(true)
    })

    test.each(['plain.db', 'per%41cent?mode=memory#x.db', 'sp ace é😀.db', 'new\nline.db', 'file:x.db', 'quo\'te".db'])(
      'takes the path %j as it is',
      async (base) => {
        const directory = temporaryDirectory()
        const file = join(directory, base)
        await (await openDriver(name, file)).script('create table t (a); insert into t values (1)')
        expect(readdirSync(directory)).toEqual([base])
        const again = await openDriver(name, file, { mustExist: true })
        expect(await query(again, 'select * from t')).toEqual([[1n]])
      },
    )

    test('every way a file cannot be opened is operational, with a code, and leaves nothing behind', async () => {
      const directory = temporaryDirectory()
      const path = (base: string) => join(directory, base)
      writeFileSync(path('text.db'), 'This is not a database at all. '.repeat(100))
      mkdirSync(path('directory.db'))
      symlinkSync(path('loop.db'), path('loop.db'))
      const before = readdirSync(directory)
      const driver = await loadDriver(name)
      const cases: readonly (readonly [string, string])[] = [
        [path('text.db'), 'SQLITE_NOTADB'],
        [path('directory.db'), 'SQLITE_CANTOPEN'],
        [path('loop.db'), 'SQLITE_CANTOPEN'],
        [path('missing/x.db'), 'SQLITE_CANTOPEN'],
        [path('text.db/x.db'), 'SQLITE_CANTOPEN'],
        [path('x'.repeat(300)), 'SQLITE_CANTOPEN'],
        [path('trailing.db '), 'SQLITE_CANTOPEN'],
        [path('nul\0.db'), 'SQLITE_CANTOPEN'],
        ['relative.db', 'SQLITE_CANTOPEN'],
        [':memory:', 'SQLITE_CANTOPEN'],
        ['', 'SQLITE_CANTOPEN'],
        ['file:x.db', 'SQLITE_CANTOPEN'],
      ]
      for (const [database, driverCode] of cases) {
        const error = await wireErrorOf(driver, () => driver.open(openOptions(database, { pragmas: [['journal_mode', 'WAL']] })))
        expect({ database, family: error.family, driverCode: error.driverCode }).toEqual({ database, family: 'operational', driverCode })
      }
      expect(readdirSync(directory)).toEqual(before)
    })

    test('a damaged schema is found at once', async () => {
      const file = temporaryFile()
      const connection = await openDriver(name, file)
      await connection.script('create table t (a)')
      const allow = Reflect.get(connection.handle, name === 'node' ? 'enableDefensive' : 'unsafeMode') as
        | ((on: boolean) => void)
        | undefined
      if (allow !== undefined) Reflect.apply(allow, connection.handle, [name !== 'node'])
      await connection.script("pragma writable_schema = 1; update sqlite_schema set sql = 'create tbl'; pragma writable_schema = 0")
      await connection.close()
      const driver = await loadDriver(name)
      const error = await wireErrorOf(driver, () => driver.open(openOptions(file)))
      expect(error).toMatchObject({ family: 'operational', driverCode: 'SQLITE_CORRUPT' })
    })

    test('pragmas apply in order; journal mode and synchronous not on a read-only connection', async () => {
      const file = temporaryFile()
      const pragmas = [
        ['journal_mode', 'WAL'],
        ['synchronous', 'NORMAL'],
        ['foreign_keys', 'OFF'],
        ['foreign_keys', 'ON'],
      ] as const
      const connection = await openDriver(name, file, { pragmas, busyTimeoutMs: 1234 })
      const value = async (pragma: string) => (await query(connection, `pragma ${pragma}`))[0]?.[0]
      expect([await value('journal_mode'), await value('synchronous'), await value('foreign_keys')]).toEqual(['wal', 1n, 1n])
      expect(await value('busy_timeout')).toBe(1234n)
      const reader = await openDriver(name, file, {
        pragmas: [
          ['journal_mode', 'DELETE'],
          ['cache_size', '-100'],
        ],
        readonly: true,
      })
      expect(await query(reader, 'pragma journal_mode')).toEqual([['wal']])
      expect(await query(reader, 'pragma cache_size')).toEqual([[-100n]])
    })

    test('many processes open one new file at once', async () => {
      const file = temporaryFile()
      const options = openOptions(file, { pragmas: [['journal_mode', 'WAL']], busyTimeoutMs: 10_000 })
      const code = `
        const connection = await driver.open(${JSON.stringify(options)})
        await connection.script('create table if not exists t (a); insert into t values (1)')
        await connection.close()`
      const results = await Promise.all(Array.from({ length: 8 }, () => runChild(name, code)))
      expect(results.map((result) => result.output)).toEqual(results.map(() => ''))
      expect(await query(await openDriver(name, file), 'select count(*) from t')).toEqual([[8n]])
    }, 30_000)

    test('load_extension is refused to SQL', async () => {
      const connection = await openDriver(name)
      const error = await wireErrorOf(connection, () => query(connection, "select load_extension('x')"))
      expect(error).toMatchObject({ message: 'not authorized' })
    })
  })

  describe('shared memory', () => {
    const code = `
      const options = { uri: true, readonly: false, mustExist: false, busyTimeoutMs: 100, pragmas: [['journal_mode', 'WAL']] }
      const open = (more) => driver.open({ database: 'file:/offloop-test?vfs=memdb', ...options, ...more })
      const first = async (connection) => {
        const rows = (await connection.prepare('select a from t', null)).iterate([])
        const { value } = await rows.next()
        await rows.return()
        return value[0]
      }
      try {
        const one = await open()
        const two = await open()
        await one.script('create table t (a); insert into t values (42)')
        console.log(await first(two))
        const reader = await open({ readonly: true })
        console.log(await first(reader))
        await reader.script('insert into t values (1)')
      } catch (error) {
        const { family, driverCode } = driver.toWireError(error)
        console.log(family, driverCode)
      }`

    test('a URI names one database for all connections', async () => {
      const { output } = await runChild(name, code, { SQLITE_USE_URI: '1' })
      expect(output.split('\n')).toEqual(['42n', '42n', 'operational SQLITE_READONLY'])
    })

    test.runIf(name === 'better-sqlite3')('without SQLITE_USE_URI it is refused and no file of that name is made', async () => {
      const directory = temporaryDirectory()
      mkdirSync(join(directory, 'file:'))
      const { output } = await runChild(name, code, { SQLITE_USE_URI: undefined }, directory)
      expect(output).toBe('driverLoad undefined')
      expect(readdirSync(directory, { recursive: true })).toEqual(['file:'])
    })
  })

  describe('backup', () => {
    const fill =
      'create table t (x); with recursive c (i) as (select 1 union all select i + 1 from c where i < 20000) insert into t select randomblob(200) from c'

    test('copies in steps, tells its progress and lets the event loop turn', async () => {
      const connection = await openDriver(name)
      await connection.script(fill)
      const file = join(temporaryDirectory(), 'copy.db')
      const seen: BackupProgress[] = []
      let turns = 0
      const timer = setInterval(() => turns++, 0)
      await connection.backup?.(file, (progress) => seen.push(progress) > 0)
      clearInterval(timer)
      expect(turns).toBeGreaterThan(0)
      expect(seen.length).toBeGreaterThan(5)
      expect(seen.at(-1)).toEqual({ totalPages: seen[0]?.totalPages, remainingPages: 0 })
      const copy = await openDriver(name, file)
      expect(await query(copy, 'select count(*) from t')).toEqual([[20000n]])
      expect(await query(copy, 'pragma integrity_check')).toEqual([['ok']])
    })

    test('is allowed beside an open cursor and writes over an older copy', async () => {
      const connection = await openDriver(name)
      await connection.script(fill)
      const file = join(temporaryDirectory(), 'copy.db')
      await (await openDriver(name, file)).script('create table old (a)')
      const iterator = (await connection.prepare('select * from t', null)).iterate([])
      await iterator.next()
      await connection.backup?.(file, () => true)
      await iterator.return()
      expect(await query(await openDriver(name, file), 'select name from sqlite_schema')).toEqual([['t']])
    })

    test('aborted, it rejects and leaves no half file', async () => {
      const connection = await openDriver(name)
      await connection.script(fill)
      const directory = temporaryDirectory()
      const steps: BackupProgress[] = []
      const error = await wireErrorOf(connection, () => connection.backup?.(join(directory, 'copy.db'), (step) => steps.push(step) < 3))
      expect(error).toMatchObject({ family: 'cancelled' })
      expect(readdirSync(directory)).toEqual([])
    })

    test('of an empty database is an empty database', async () => {
      const connection = await openDriver(name)
      const file = join(temporaryDirectory(), 'copy.db')
      await connection.backup?.(file, () => true)
      expect(await query(await openDriver(name, file), 'select * from sqlite_schema')).toEqual([])
    })

    test('never reports a success that copied nothing: the target is locked, or its own transaction writes', async () => {
      const connection = await openDriver(name)
      await connection.script(fill)
      const file = join(temporaryDirectory(), 'copy.db')
      const target = await openDriver(name, file)
      await target.script('create table old (a); begin immediate')
      const busy = { family: 'operational', driverCode: 'SQLITE_BUSY', retryable: true }
      expect(await wireErrorOf(connection, () => connection.backup?.(file, () => true))).toMatchObject(busy)
      await target.script('rollback')
      await connection.script('begin; insert into t values (1)')
      const other = join(temporaryDirectory(), 'other.db')
      expect(await wireErrorOf(connection, () => connection.backup?.(other, () => true))).toMatchObject(busy)
      expect(existsSync(other)).toBe(false)
      await connection.script('rollback')
    })

    test('into itself, a relative path, a foreign file or a missing directory is refused', async () => {
      const file = temporaryFile()
      const connection = await openDriver(name, file)
      await connection.script('create table t (a)')
      const directory = temporaryDirectory()
      symlinkSync(file, join(directory, 'link.db'))
      writeFileSync(join(directory, 'text.db'), 'This is not a database at all. '.repeat(100))
      const refusal = async (target: string) => {
        const { family, driverCode } = await wireErrorOf(connection, () => connection.backup?.(target, () => true))
        return [family, driverCode]
      }
      expect(await refusal(file)).toEqual(['argument', undefined])
      expect(await refusal(join(directory, 'link.db'))).toEqual(['argument', undefined])
      expect(await refusal('relative.db')).toEqual(['argument', undefined])
      expect(await refusal(':memory:')).toEqual(['argument', undefined])
      expect(await refusal(join(directory, 'text.db'))).toEqual(['operational', 'SQLITE_NOTADB'])
      expect(await refusal(join(directory, 'missing', 'x.db'))).toEqual(['operational', 'SQLITE_CANTOPEN'])
      expect(existsSync(join(directory, 'text.db'))).toBe(true)
    })
  })
})

describe('loadDriver', () => {
  test.runIf(nodeSqliteWorks)('node:sqlite is loaded without its warning, and others are still heard', async () => {
    const code = `await (await driver.open(${JSON.stringify(openOptions(temporaryFile()))})).close(); process.emitWarning('still heard')`
    const { output, warnings } = await runChild('node', code)
    expect(output).toBe('')
    expect(warnings).toContain('still heard')
    expect(warnings).not.toContain('SQLite is an experimental feature')
  })

  test.runIf(!nodeSqliteWorks)('an older node:sqlite is refused in a sentence', async () => {
    const driver = await loadDriver('node')
    const error = await wireErrorOf(driver, () => driver.open(openOptions(temporaryFile())))
    expect(error).toMatchObject({ family: 'driverLoad', message: expect.stringContaining('needs Node.js 24.16') })
  })

  test('nothing of the other driver is loaded', async () => {
    const { output } = await runChild(
      'node',
      `console.log(process.report.getReport().sharedObjects.filter((file) => file.includes('better')).length)`,
    )
    expect(output).toBe('0')
  })

  test("a third party's driver is a module's default export", async () => {
    const source = `export default { name: 'x', dialect: 'sqlite', capabilities: {}, open() {}, toWireError() {} }`
    expect((await loadDriver(`data:text/javascript,${encodeURIComponent(source)}`)).name).toBe('x')
  })

  test.each([
    ['export default undefined', 'it is no object'],
    ['export const driver = 1', 'it is no object'],
    ['export default {}', 'it has no name'],
    [`export default { name: 'x', dialect: 'oracle' }`, 'its dialect is none of'],
    [`export default { name: 'x', dialect: 'mysql' }`, 'it has no capabilities'],
    [`export default { name: 'x', dialect: 'mysql', capabilities: {}, open() {} }`, 'it has no method toWireError'],
    ['throw new Error("broken inside")', 'broken inside'],
  ])('a module that is none is refused in a sentence: %s', async (source, sentence) => {
    const name = `data:text/javascript,${encodeURIComponent(source)}`
    const error = await loadDriver(name).then(() => undefined, loadErrorToWire)
    expect(error).toMatchObject({ family: 'driverLoad', message: expect.stringContaining(sentence) })
  })

  test('a missing package is refused by name', async () => {
    const error = await loadDriver('offloop-no-such-driver').then(() => undefined, loadErrorToWire)
    expect(error).toMatchObject({ family: 'driverLoad', message: expect.stringContaining('offloop-no-such-driver') })
  })
})

/** Runs `code` with `driver` loaded in a process of its own: the environment counts before the addon first loads. */
async function runChild(
  name: string,
  code: string,
  env: Readonly<Record<string, string | undefined>> = {},
  cwd: string = temporaryDirectory(),
): Promise<{ output: string; warnings: string }> {
  const module = new URL('../../worker/drivers/load-driver.ts', import.meta.url).href
  const text = `const { loadDriver } = await import(${JSON.stringify(module)}); const driver = await loadDriver(${JSON.stringify(name)}); ${code}`
  const child = spawn(
    process.execPath,
    ['--experimental-strip-types', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--input-type=module', '-e', text],
    {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  let warnings = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part
  })
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    warnings += part
  })
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`The child ended with ${status}: ${warnings}`)
  return { output: output.trim(), warnings }
}

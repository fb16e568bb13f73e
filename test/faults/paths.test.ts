import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine, EngineURL } from 'offloop'
import { describe, expect, test } from 'vitest'
import { extent } from '../soak/extent.ts'
import { driverNames, inScratch } from '../soak/scratch.ts'

const modes = ['rwc', 'rw', 'ro'] as const

/** Those of which a mode makes something else, and one of each kind of the others: `mode` is read before the path is looked at. */
const some = [
  'new.db',
  'empty.db',
  'sound.db',
  'link-to-new.db',
  'file:literal.db',
  'directory',
  'missing/new.db',
  'loop',
  'pipe',
  'text.db',
]

/** What each path makes of a connection: a code, or that it opens. Where a new file would be made, only mode rwc may. */
const paths: Readonly<Record<string, string>> = {
  'new.db': 'new',
  'empty.db': 'opens',
  'sound.db': 'opens',
  'link.db': 'opens',
  'link-to-new.db': 'new',
  'with ?&#%41:name.db': 'new',
  'file:literal.db': 'new',
  directory: 'SQLITE_CANTOPEN',
  'link-to-directory': 'SQLITE_CANTOPEN',
  'missing/new.db': 'SQLITE_CANTOPEN',
  'sound.db/new.db': 'SQLITE_CANTOPEN',
  'link-to-missing': 'SQLITE_CANTOPEN',
  loop: 'SQLITE_CANTOPEN',
  'loop/new.db': 'SQLITE_CANTOPEN',
  pipe: 'SQLITE_CANTOPEN',
  '/dev/null': 'SQLITE_CANTOPEN',
  '/': 'SQLITE_CANTOPEN',
  [`${'n'.repeat(256)}.db`]: 'SQLITE_CANTOPEN',
  [`${'deep/'.repeat(900)}new.db`]: 'SQLITE_CANTOPEN',
  'ends in white space ': 'SQLITE_CANTOPEN',
  'text.db': 'SQLITE_NOTADB',
  'short.db': 'SQLITE_NOTADB',
}

describe.skipIf(process.platform === 'win32').each(driverNames)('%s', (driver) => {
  test.each(modes)('a path opens or is refused by one clear error, mode=%s', async (mode) => {
    await inScratch(async (directory) => {
      await makeFiles(directory)
      for (const [path, expected] of Object.entries(paths)) {
        if (mode !== 'rwc' && extent(!some.includes(path), false)) continue
        const found = await open(driver, path.startsWith('/') ? path : join(directory, path), mode)
        const ofNew = mode === 'rwc' ? 'opens' : 'SQLITE_CANTOPEN'
        expect(found, path.slice(0, 40)).toBe(expected === 'new' ? ofNew : expected)
      }
      if (mode !== 'rwc') expect(readdirSync(directory)).not.toContain('new.db')
    })
  })

  test('a file that was refused is as it was', async () => {
    await inScratch(async (directory) => {
      const file = join(directory, 'text.db')
      writeFileSync(file, 'not a database '.repeat(100))
      expect(await open(driver, file, 'rwc')).toBe('SQLITE_NOTADB')
      expect(readdirSync(directory)).toEqual(['text.db'])
    })
  })
})

async function makeFiles(directory: string): Promise<void> {
  const at = (name: string) => join(directory, name)
  writeFileSync(at('empty.db'), '')
  writeFileSync(at('text.db'), 'not a database '.repeat(100))
  writeFileSync(at('short.db'), 'SQLite')
  mkdirSync(at('directory'))
  const links = {
    'link.db': 'sound.db',
    'link-to-new.db': 'linked.db',
    'link-to-directory': 'directory',
    'link-to-missing': 'none/x',
    loop: 'loop',
  }
  for (const [name, target] of Object.entries(links)) symlinkSync(at(target), at(name))
  execFileSync('mkfifo', [at('pipe')])
  const engine = createEngine(`sqlite:///${at('sound.db')}`)
  await engine.execute('create table note (text)')
  await engine.close()
}

async function open(driver: string, path: string, mode: string): Promise<string> {
  const engine = createEngine(EngineURL.parse(`sqlite+${driver}://`).with({ database: path, query: { mode } }))
  try {
    const connection = await engine.connect()
    await connection.execute('select * from sqlite_schema')
    await connection.close()
    return 'opens'
  } catch (error) {
    expect(error).toMatchObject({ name: 'OperationalError', code: 'OFFLOOP_OPERATIONAL' })
    return String(Reflect.get(Object(error), 'driverCode'))
  } finally {
    await engine.close()
  }
}

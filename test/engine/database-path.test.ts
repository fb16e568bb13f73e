import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { resolveDatabasePath } from '../../src/engine/database-path.ts'
import { ArgumentError } from '../../src/errors.ts'
import { EngineURL } from '../../src/sql/url.ts'

let root = ''
let base = ''

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'offloop-path-')))
  base = join(root, 'base')
  mkdirSync(join(base, 'inner'), { recursive: true })
  mkdirSync(join(root, 'outside'))
  writeFileSync(join(root, 'outside', 'file'), '')
  writeFileSync(join(base, 'file'), '')
})
afterEach(() => rmSync(root, { recursive: true }))

const inBase = (text: string) => resolveDatabasePath(EngineURL.parse(text), { baseDirectory: base })
const anywhere = (text: string) => resolveDatabasePath(EngineURL.parse(text), {})

describe('without a base directory', () => {
  test.each(['sqlite://', 'sqlite:///', 'sqlite:///:memory:'])('%s is memory', async (text) => {
    expect(await anywhere(text)).toEqual({ kind: 'memory' })
  })

  test.each([
    ['sqlite:///x.db', join(process.cwd(), 'x.db')],
    ['sqlite:///a/../x.db', join(process.cwd(), 'x.db')],
    ['sqlite:////tmp/x.db', '/tmp/x.db'],
    ['sqlite:///file:x', join(process.cwd(), 'file:x')],
    ['sqlite:///file:x%3Fmode=memory', join(process.cwd(), 'file:x?mode=memory')],
    ['sqlite:///%3Amemory%3A2', join(process.cwd(), ':memory:2')],
  ])('%s is the file %s', async (text, path) => {
    expect(await anywhere(text)).toEqual({ kind: 'file', path, mode: 'rwc' })
  })

  test('the mode is the one of the URL', async () => {
    expect(await anywhere('sqlite:////tmp/x.db?mode=ro')).toMatchObject({ mode: 'ro' })
  })
})

describe('with a base directory', () => {
  test.each([
    ['sqlite:///x.db', 'x.db'],
    ['sqlite:///file', 'file'],
    ['sqlite:///inner/x.db', 'inner/x.db'],
    ['sqlite:///inner/../x.db', 'x.db'],
    ['sqlite:///missing/deeper/x.db', 'missing/deeper/x.db'],
    ['sqlite:///..x.db', '..x.db'],
  ])('%s lies inside', async (text, path) => {
    expect(await inBase(text)).toEqual({ kind: 'file', path: join(base, path), mode: 'rwc' })
  })

  test('memory is nowhere, and allowed', async () => {
    expect(await inBase('sqlite://')).toEqual({ kind: 'memory' })
  })

  test('an absolute path inside is allowed', async () => {
    expect(await inBase(`sqlite:///${base}/x.db`)).toMatchObject({ path: join(base, 'x.db') })
  })

  test.each([
    'sqlite:///../x.db',
    'sqlite:///../outside/file',
    'sqlite:///%2e%2e/x.db',
    'sqlite:///inner/../../x.db',
    'sqlite:////etc/passwd',
    'sqlite:///.',
  ])('%s is refused', async (text) => {
    await expect(inBase(text)).rejects.toThrow(ArgumentError)
  })

  test('a name that begins like the base does not lie inside', async () => {
    mkdirSync(`${base}-evil`)
    await expect(inBase('sqlite:///../base-evil/x.db')).rejects.toThrow(ArgumentError)
  })

  test('a link to the outside is refused, however deep it lies', async () => {
    symlinkSync(join(root, 'outside'), join(base, 'link'))
    symlinkSync(join(root, 'outside', 'file'), join(base, 'inner', 'linked.db'))
    for (const name of ['link/file', 'link/new.db', 'link/new/deeper.db', 'inner/linked.db']) {
      await expect(inBase(`sqlite:///${name}`), name).rejects.toThrow(ArgumentError)
    }
  })

  test('a link that leads nowhere is refused: SQLite would create what it names', async () => {
    symlinkSync(join(root, 'outside', 'new.db'), join(base, 'dangling.db'))
    symlinkSync(join(root, 'nowhere'), join(base, 'dangling'))
    symlinkSync(join(base, 'loop'), join(base, 'loop'))
    for (const name of ['dangling.db', 'dangling/x.db', 'loop', 'loop/x.db']) {
      await expect(inBase(`sqlite:///${name}`), name).rejects.toThrow(ArgumentError)
    }
  })

  test('a link inside is followed', async () => {
    symlinkSync(join(base, 'inner'), join(base, 'short'))
    expect(await inBase('sqlite:///short/x.db')).toMatchObject({ path: join(base, 'inner', 'x.db') })
  })

  test('that is a link itself is followed', async () => {
    symlinkSync(base, join(root, 'alias'))
    const location = resolveDatabasePath(EngineURL.parse('sqlite:///x.db'), { baseDirectory: join(root, 'alias') })
    expect(await location).toMatchObject({ path: join(base, 'x.db') })
  })

  test('that does not exist is refused', async () => {
    await expect(resolveDatabasePath(EngineURL.parse('sqlite:///x.db'), { baseDirectory: join(root, 'none') })).rejects.toThrow(
      ArgumentError,
    )
  })

  test('a file in the middle of the path is refused', async () => {
    await expect(inBase('sqlite:///file/x.db')).rejects.toThrow(ArgumentError)
  })
})

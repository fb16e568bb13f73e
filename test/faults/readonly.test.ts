import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { type ChildOptions, moduleFile, runChild } from '../soak/child.ts'
import { mount } from '../soak/mount.ts'
import { type Setup, setups, urlOf } from '../soak/scratch.ts'
import { temporaryDirectory } from './test-engine.ts'

const asNobody: ChildOptions = { prefix: ['runuser', '-u', 'nobody', '--'] }
const obstacle = whyNotNobody()

/** Why nothing can be run here as a user who may do less, or null. */
function whyNotNobody(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root of Linux can become another user'
  try {
    execFileSync('runuser', ['-u', 'nobody', '--', process.execPath, '--check', moduleFile('./open-child.ts')], { stdio: 'ignore' })
    return null
  } catch {
    return 'the user nobody cannot read this checkout'
  }
}

/** A closed database in a directory of its own, with these modes. */
async function makeDatabase({ driver, journal }: Setup, modes: { readonly file: number; readonly directory: number }): Promise<string> {
  const root = temporaryDirectory()
  chmodSync(root, 0o755)
  const directory = join(root, 'data')
  mkdirSync(directory)
  const file = join(directory, 'kept.db')
  await fillDatabase({ driver, journal }, file)
  chmodSync(file, modes.file)
  chmodSync(directory, modes.directory)
  return file
}

async function fillDatabase({ driver, journal }: Setup, file: string): Promise<void> {
  const engine = createEngine(urlOf(driver, file), { pragmas: { journal_mode: journal } })
  await engine.script("create table note (text); insert into note values ('kept')")
  await engine.close()
}

/** How opening, reading and writing end in each mode. */
async function tryOut({ driver }: Setup, file: string, modes: readonly string[], options: ChildOptions = {}): Promise<readonly string[]> {
  const urls = modes.map((mode) => urlOf(driver, file, `?mode=${mode}`))
  const { status, lines, errors } = await runChild('./open-child.ts', urls, options)
  expect({ status, errors }).toEqual({ status: 0, errors: '' })
  return lines
}

const every = (code: string): string => `${code} ${code} ${code}`
const readOnly = 'ok ok SQLITE_READONLY'

describe.each(setups)('$driver, $journal journal', (setup) => {
  describe.skipIf(obstacle !== null)(obstacle ?? 'another user', () => {
    test('a file that can only be read is refused when it is opened, and mode=ro reads it', async () => {
      const file = await makeDatabase(setup, { file: 0o444, directory: 0o777 })
      const refused = every('SQLITE_READONLY')
      expect(await tryOut(setup, file, ['rwc', 'rw', 'ro'], asNobody)).toEqual([refused, refused, readOnly])
    })

    test('a directory that can only be read is refused, and mode=ro reads a database without a WAL', async () => {
      const file = await makeDatabase(setup, { file: 0o666, directory: 0o755 })
      const refused = every('SQLITE_READONLY_DIRECTORY')
      expect(await tryOut(setup, file, ['rwc', 'ro'], asNobody)).toEqual([refused, setup.journal === 'wal' ? refused : readOnly])
      expect(readdirSync(join(file, '..'))).toEqual(['kept.db'])
    })

    test('a file that cannot be read cannot be opened', async () => {
      const file = await makeDatabase(setup, { file: 0o600, directory: 0o777 })
      const refused = every('SQLITE_CANTOPEN')
      expect(await tryOut(setup, file, ['rwc', 'rw', 'ro'], asNobody)).toEqual([refused, refused, refused])
    })

    test('a file cannot be made in a directory that can only be read', async () => {
      const file = await makeDatabase(setup, { file: 0o666, directory: 0o755 })
      expect(await tryOut(setup, join(file, '../new.db'), ['rwc'], asNobody)).toEqual([every('SQLITE_CANTOPEN')])
    })
  })

  test('on a file system that can only be read, mode=ro reads a database without a WAL', async ({ skip }) => {
    const mounted = join(temporaryDirectory(), 'disk')
    mkdirSync(mounted)
    skip(!mount(['-t', 'tmpfs', 'tmpfs', mounted]), 'a file system cannot be mounted here')
    try {
      const file = join(mounted, 'kept.db')
      await fillDatabase(setup, file)
      mount(['-o', 'remount,ro', mounted])
      const read = setup.journal === 'wal' ? every('SQLITE_CANTOPEN') : readOnly
      expect(await tryOut(setup, file, ['rwc', 'ro'])).toEqual([every('SQLITE_READONLY'), read])
    } finally {
      execFileSync('umount', [mounted])
    }
  })
})

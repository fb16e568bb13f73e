import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runChild } from '../soak/child.ts'
import { setups } from '../soak/scratch.ts'
import { temporaryDirectory } from './test-engine.ts'

const commits = 20
const obstacle = whyNoTrace()

describe.skipIf(obstacle !== null)(obstacle ?? 'system calls', () => {
  test.each(setups)("durability 'full' syncs for each commit: $driver, $journal journal", async ({ driver, journal }) => {
    const syncs = (await trace(driver, journal, 'full')).filter(isSync)
    // Of the journal alone: the file itself is synced at a commit or at a checkpoint.
    const ofJournal = syncs.filter((call) => call.includes(journal === 'wal' ? '.db-wal>' : '.db-journal>'))
    expect(ofJournal.length).toBeGreaterThanOrEqual(commits)
  })

  test.each(setups)(
    "nobody but SQLite opens a file of the database, and 'normal' leaves a WAL's syncs to its checkpoints: $driver, $journal journal",
    async ({ driver, journal }) => {
      const calls = await trace(driver, journal, 'normal')
      const opens = calls.filter(isOpen)
      expect(opens.length).toBeGreaterThan(0)
      expect(opens.filter((call) => !isSqlites(call))).toEqual([])
      if (journal === 'wal') expect(calls.filter(isSync).length).toBeLessThan(commits / 2)
    },
  )

  test('somebody else who opened it would be seen', async () => {
    const opens = (await trace('better-sqlite3', 'wal', 'normal', 'intruder')).filter(isOpen)
    expect(opens.filter((call) => !isSqlites(call))).toHaveLength(1)
  })
})

function whyNoTrace(): string | null {
  if (process.platform !== 'linux') return 'strace needs Linux'
  try {
    execFileSync('strace', ['-f', '-e', 'trace=fsync', 'true'], { stdio: 'ignore' })
    return null
  } catch {
    return 'strace is missing or not allowed here'
  }
}

/** The calls of a child that commits that many times, on the files of its database. */
async function trace(driver: string, journal: string, durability: string, intruder = ''): Promise<string[]> {
  const directory = temporaryDirectory()
  const [file, log] = [join(directory, 'traced.db'), join(directory, 'calls')]
  const prefix = ['strace', '-f', '-y', '-qq', '-e', 'trace=fsync,fdatasync,open,openat', '-o', log]
  const { status, errors } = await runChild('./commit-child.ts', [driver, file, journal, durability, String(commits), intruder], { prefix })
  expect({ status, errors }).toEqual({ status: 0, errors: '' })
  expect(existsSync(`${file}.copy`)).toBe(true)
  // Of a call that another thread interrupts, the second half names no file.
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes(file))
}

function isSync(call: string): boolean {
  return /\bf(data)?sync\(/.test(call)
}

function isOpen(call: string): boolean {
  return /\bopen(at)?\(/.test(call)
}

/** SQLite follows links by itself and then refuses them, which nobody else does: sqlite3 os_unix.c, unixOpen(). Of directories it syncs entries. */
function isSqlites(call: string): boolean {
  return call.includes('O_NOFOLLOW') || call.includes('O_DIRECTORY')
}

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { TransactionAbortedError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { Child, type ChildOptions } from '../soak/child.ts'
import { readGroups, type StoredGroups } from '../soak/groups.ts'
import type { Outcome } from '../soak/io-outcome.ts'
import { mount } from '../soak/mount.ts'
import { type Setup, setups } from '../soak/scratch.ts'
import { openFile, temporaryDirectory } from './test-engine.ts'

const full = { name: 'OperationalError', driverCode: 'SQLITE_FULL', retryable: false }
const tooMuch = "insert into note values ('lost', zeroblob(100000))"

async function openSmall({ driver, journal }: Setup) {
  const engine = openFile(driver, join(temporaryDirectory(), 'small.db'), { pragmas: { journal_mode: journal, max_page_count: 20 } })
  await engine.script("create table note (text, filler); insert into note values ('kept', null)")
  return engine
}

describe.each(setups)('$driver, $journal journal', (setup) => {
  test('a statement that the database has no room for is SQLITE_FULL, whichever way it goes, and leaves nothing', async () => {
    const engine = await openSmall(setup)
    const fillers = Array.from({ length: 50 }, (_, index) => [index, new Uint8Array(10_000)])
    await expect(engine.execute(tooMuch)).rejects.toMatchObject(full)
    await expect(engine.executeMany('insert into note values (?, ?)', fillers)).rejects.toMatchObject(full)
    await expect(engine.script(`begin; insert into note values ('lost', null); ${tooMuch}; commit`)).rejects.toMatchObject(full)
    await expect(engine.transaction((tx) => tx.execute(tooMuch))).rejects.toMatchObject(full)
    expect(await engine.execute('select text from note').scalars()).toEqual(['kept'])
    await engine.execute("insert into note values ('after', null)")
  })

  test('it ends the transaction, of which nothing more is executed, and the connection lives', async () => {
    const engine = await openSmall(setup)
    const connection = await engine.connect()
    const transaction = await connection.begin()
    await transaction.execute("insert into note values ('lost', null)")
    const sent = [transaction.execute(tooMuch), transaction.execute("insert into note values ('lost', null)")]
    const [refused, behind] = await Promise.allSettled(sent)
    expect(refused).toMatchObject({ status: 'rejected', reason: full })
    expect(behind).toMatchObject({ status: 'rejected', reason: expect.any(TransactionAbortedError) })
    const more = "insert into note values ('lost', null)"
    await expect(transaction.execute(more)).rejects.toThrow(TransactionAbortedError)
    await expect(connection.execute(more)).rejects.toThrow(TransactionAbortedError)
    await expect(connection.executeMany('insert into note (text) values (?)', [['lost']])).rejects.toThrow(TransactionAbortedError)
    await expect(connection.script(more)).rejects.toThrow(TransactionAbortedError)
    await expect(transaction.commit()).rejects.toThrow(TransactionAbortedError)
    await transaction.rollback()
    await connection.execute("insert into note values ('after', null)")
    expect(await engine.execute('select text from note').scalars()).toEqual(['kept', 'after'])
  })

  test('beyond the limit of the file size, commits are refused whole and work again when it is lifted', async ({ skip }) => {
    skip(process.platform !== 'linux', 'prlimit needs Linux')
    const file = join(temporaryDirectory(), 'limited.db')
    const options = { prefix: ['prlimit', '--fsize=300000:unlimited', '--'] }
    const { refused, contradictions } = await fill(setup, file, options, (child) => {
      execFileSync('prlimit', [`--pid=${child.process.pid}`, '--fsize=unlimited:unlimited'])
    })
    expect(contradictions).toEqual([])
    expect(new Set(refused)).toEqual(new Set(['OperationalError SQLITE_IOERR_WRITE']))
  })

  test('on a disk that is full, commits are refused whole and work again when there is room', async ({ skip }) => {
    const mounted = join(temporaryDirectory(), 'disk')
    mkdirSync(mounted)
    skip(!mount(['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', mounted]), 'a file system cannot be mounted here')
    try {
      const { refused, contradictions } = await fill(setup, join(mounted, 'full.db'), {}, () => {
        mount(['-o', 'remount,size=8m', mounted])
      })
      expect(contradictions).toEqual([])
      expect(refused.filter((error) => !/^OperationalError SQLITE_(FULL|IOERR)/.test(error))).toEqual([])
      expect(refused).toContain('OperationalError SQLITE_FULL')
    } finally {
      execFileSync('umount', [mounted])
    }
  })
})

interface Filled {
  /** The errors of the commits that were refused. */
  readonly refused: readonly string[]
  /** What the file and the promises say differently. */
  readonly contradictions: readonly string[]
}

/** Fills the file by a process of its own, makes room when that is full, and compares what it was told with what is stored. */
async function fill({ driver, journal }: Setup, file: string, options: ChildOptions, makeRoom: (child: Child) => void): Promise<Filled> {
  const outcomes: Outcome[] = []
  const child = new Child('./fill-child.ts', [driver, file, journal], {
    ...options,
    onLine: (line) => {
      if (line !== 'full') {
        outcomes.push(JSON.parse(line) as Outcome)
        return
      }
      makeRoom(child)
      child.process.stdin?.end('go on\n')
    },
  })
  const { status, errors } = await child.ended
  expect({ status, errors }).toEqual({ status: 0, errors: '' })
  const refused = outcomes.flatMap(({ failure }) => (failure === null ? [] : [`${failure.name} ${failure.driverCode}`]))
  return { refused, contradictions: contradictionsOf(outcomes, await readGroups(driver, file)) }
}

function contradictionsOf(outcomes: readonly Outcome[], { whole, torn, integrity }: StoredGroups): string[] {
  const found = integrity === 'ok' && torn.length === 0 ? [] : [`integrity: ${integrity}, torn: ${torn.join()}`]
  for (const { batch, phase, failure } of outcomes) {
    if (whole.has(batch) === (failure !== null))
      found.push(`${batch}: ${failure?.driverCode ?? 'acknowledged'}, stored: ${whole.has(batch)}`)
    if (phase === 'after' && failure !== null) found.push(`it does not work again: ${failure.driverCode}`)
  }
  return found
}

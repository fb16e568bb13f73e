import { join } from 'node:path'
import { TransactionAbortedError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { fillDisk, fillFile } from '../soak/full-disk.ts'
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
    const filled = (await fillFile(setup, temporaryDirectory())) ?? skip('prlimit needs Linux')
    expect(filled.contradictions).toEqual([])
    expect(new Set(filled.refused)).toEqual(new Set(['OperationalError SQLITE_IOERR_WRITE']))
  })

  test('on a disk that is full, commits are refused whole and work again when there is room', async ({ skip }) => {
    const filled = (await fillDisk(setup, temporaryDirectory())) ?? skip('a file system cannot be mounted here')
    expect(filled.contradictions).toEqual([])
    expect(filled.refused.filter((error) => !/^OperationalError SQLITE_(FULL|IOERR)/.test(error))).toEqual([])
    expect(filled.refused).toContain('OperationalError SQLITE_FULL')
  })
})

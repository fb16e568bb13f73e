import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DriverConnection } from '../../worker/drivers/driver.ts'
import { driverNames, openDriver, query, temporaryDirectory } from './open-driver.ts'

/** A database of some 1,000 pages, and a second connection to it that does not wait for locks. */
async function openTwo(name: string, journal: string): Promise<{ source: DriverConnection; writer: DriverConnection; copy: string }> {
  const directory = temporaryDirectory()
  const file = join(directory, 'source.db')
  const pragmas = [['journal_mode', journal]] as const
  const source = await openDriver(name, file, { pragmas })
  await source.script(`create table t (x); create table later (x); with recursive c (i) as (select 1 union all select i + 1 from c
    where i < 1000) insert into t select randomblob(3900) from c`)
  return { source, writer: await openDriver(name, file, { pragmas, busyTimeoutMs: 0 }), copy: join(directory, 'copy.db') }
}

async function countsOf(connection: DriverConnection): Promise<readonly unknown[] | undefined> {
  const [counts] = await query(connection, 'select (select count(*) from t), (select count(*) from later)')
  return counts
}

describe.each(driverNames)('%s', (name) => {
  test('a backup of a database with a WAL is one pass, though somebody commits after each step of it', async () => {
    const { source, writer, copy } = await openTwo(name, 'WAL')
    const remaining: number[] = []
    await source.backup?.(copy, ({ remainingPages }) => {
      remaining.push(remainingPages)
      void writer.script('insert into later values (1)')
      return remaining.length < 1_000
    })
    expect(remaining.length).toBeGreaterThan(5)
    expect(remaining).toEqual(remaining.toSorted((one, two) => two - one))
    expect(await countsOf(await openDriver(name, copy))).toEqual([1000n, 0n])
    expect(await countsOf(source)).toEqual([1000n, BigInt(remaining.length)])
  })

  test('without a WAL it begins anew after a commit, until it has done so ten times and makes the writers wait', async () => {
    const { source, writer, copy } = await openTwo(name, 'DELETE')
    let [restarts, commits, last] = [0, 0, Number.POSITIVE_INFINITY]
    await source.backup?.(copy, ({ remainingPages }) => {
      if (remainingPages >= last) restarts++
      last = remainingPages
      if (remainingPages === 0) return true
      try {
        void writer.script('insert into later values (1)')
        commits++
      } catch (error) {
        expect(writer.toWireError(error)).toMatchObject({ driverCode: 'SQLITE_BUSY' })
      }
      return commits < 1_000
    })
    expect(restarts).toBeGreaterThanOrEqual(10)
    expect(restarts).toBeLessThanOrEqual(11)
    expect(await countsOf(await openDriver(name, copy))).toEqual([1000n, BigInt(commits)])
    await writer.script('insert into later values (1)')
  })

  test('aborted when its last page has been copied, it leaves no file', async () => {
    const { source, copy } = await openTwo(name, 'WAL')
    await expect(source.backup?.(copy, ({ remainingPages }) => remainingPages > 0)).rejects.toThrow('aborted')
    await expect(openDriver(name, copy, { mustExist: true })).rejects.toThrow('unable to open database file')
  })
})

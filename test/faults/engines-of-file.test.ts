import { linkSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'offloop'
import { describe, expect, test } from 'vitest'
import { driverNames } from '../soak/scratch.ts'
import { openFile, temporaryDirectory } from './test-engine.ts'

/** Keeps warnings; `warned` resolves with the first. */
function listen(): { readonly logger: Logger; readonly warnings: string[]; readonly warned: Promise<string> } {
  const warnings: string[] = []
  const { promise: warned, resolve } = Promise.withResolvers<string>()
  const warn = (text: string): void => {
    warnings.push(text)
    resolve(text)
  }
  return { logger: { debug() {}, info() {}, warn, error() {} }, warnings, warned }
}

describe.each(driverNames)('%s', (driver) => {
  test('a file with a second name gets one warning an engine', async () => {
    const directory = temporaryDirectory()
    const first = openFile(driver, join(directory, 'one.db'))
    await first.execute('create table note (text)')
    await first.close()
    linkSync(join(directory, 'one.db'), join(directory, 'other.db'))
    const { logger, warnings, warned } = listen()
    const engine = openFile(driver, join(directory, 'one.db'), { logger })
    await engine.scalar('select count(*) from note')
    expect(await warned).toContain('2 names (hard links)')
    await engine.transaction((tx) => tx.execute("insert into note values ('a')"))
    await engine.close()
    expect(warnings).toHaveLength(1)
  })

  test('a symbolic link is another way to the same name, and nothing to warn of', async () => {
    const directory = temporaryDirectory()
    symlinkSync(join(directory, 'one.db'), join(directory, 'link.db'))
    const { logger, warnings } = listen()
    const linked = openFile(driver, join(directory, 'link.db'), { logger })
    await linked.script("create table note (text); insert into note values ('a')")
    const direct = openFile(driver, join(directory, 'one.db'), { logger })
    await direct.execute("insert into note values ('b')")
    expect(await linked.scalar('select count(*) from note')).toBe(2)
    await Promise.all([linked.close(), direct.close()])
    expect(warnings).toEqual([])
  })

  test('a ninth engine of one file is warned of, and none of those that are closed', async () => {
    const file = join(temporaryDirectory(), 'one.db')
    const { logger, warnings, warned } = listen()
    for (let closed = 0; closed < 9; closed++) {
      const engine = openFile(driver, file, { logger })
      await engine.scalar('select 1')
      await engine.close()
    }
    const engines = Array.from({ length: 9 }, () => openFile(driver, file, { logger }))
    for (const engine of engines) await engine.scalar('select 1')
    expect(await warned).toContain('9 engines have the same database file open')
    for (const engine of engines) await engine.close()
    expect(warnings).toHaveLength(1)
  })
})

test('two copies of SQLite on one file are warned of', async ({ skip }) => {
  const [one, other] = driverNames
  if (one === undefined || other === undefined) return skip('this Node.js has one driver only')
  const file = join(temporaryDirectory(), 'one.db')
  const { logger, warnings, warned } = listen()
  const first = openFile(one, file, { logger })
  await first.scalar('select 1')
  await openFile(other, file, { logger }).scalar('select 1')
  expect(await warned).toContain(`the drivers "${other}" and "${one}" have the same database file open`)
  await first.close()
  expect(warnings).toHaveLength(1)
})

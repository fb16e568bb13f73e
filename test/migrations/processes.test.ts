import { Migrations } from 'offloop/migrations'
import { expect, test } from 'vitest'
import { describeTargets, rejectionOf } from '../conformance/targets.ts'
import { Child } from '../soak/child.ts'
import { killMigrating, migrateTogether, violationsOf, writeSet } from '../soak/migrations.ts'
import { Folder, making } from './folder.ts'

test('processes that are killed while they migrate leave no migration half applied', async () => {
  const { kills, violations } = await killMigrating(4, 7)
  expect(violations).toEqual([])
  expect(kills).toBe(4)
})

const waiting = `export const transaction = false
export async function up(db) {
  await db.schema.createTable('halfway').addColumn('x', 'integer').execute()
  console.log('inside')
  await new Promise((resolve) => process.stdin.once('data', resolve))
}`

describeTargets((fixture) => {
  const persistent = test.runIf(fixture.target.storage !== 'memory')

  persistent('of processes that migrate at once each migration is applied by one', async () => {
    const directory = writeSet(new Folder().path, 5)
    expect(await migrateTogether(fixture.url, directory, 4)).toEqual([])
    const engine = fixture.engine()
    expect((await new Migrations(engine, { directory }).status()).map(({ state }) => state)).toEqual(Array(5).fill('applied'))
    expect(await violationsOf(engine, directory)).toEqual([])
  })

  persistent('a process that is busy outside a transaction is waited for', async () => {
    const folder = new Folder({ '1.sql': making('first'), '2.mjs': waiting, '3.sql': making('third') })
    const both = [until('inside', fixture.url, folder.path), until('inside', fixture.url, folder.path)]
    await Promise.race(both.map(({ said }) => said))
    for (const { child } of both) child.process.stdin?.write('\n')
    const ends = await Promise.all(both.map(({ child }) => child.ended))
    expect(ends.map(({ status, errors }) => `${status}${errors}`)).toEqual(['0', '0'])
    const applied = ends.flatMap(({ lines }) => JSON.parse(lines.at(-1) ?? '[]') as string[])
    expect(applied.sort()).toEqual(['1', '2', '3'])
  })

  persistent('a process that is killed outside a transaction is named by the next one', async () => {
    const folder = new Folder({ '1.mjs': waiting })
    const { child, said } = until('inside', fixture.url, folder.path)
    await said
    child.process.kill('SIGKILL')
    await child.ended
    const engine = fixture.engine()
    const migrations = new Migrations(engine, { directory: folder.path })
    expect(await rejectionOf(migrations.up())).toMatchObject({ code: 'OFFLOOP_MIGRATION', file: '1.mjs' })
    await migrations.resolve('1', 'applied')
    expect(await migrations.up()).toEqual([])
    expect(await engine.tableNames()).toContain('halfway')
  })
})

/** A process that migrates, and the moment at which it says a word. */
function until(word: string, url: string, directory: string): { readonly child: Child; readonly said: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const child = new Child('./migrations-child.ts', [url, directory], { onLine: (line) => line === word && resolve() })
  return { child, said: promise }
}

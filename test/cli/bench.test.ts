import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from 'offloop'
import { expect, test } from 'vitest'
import { describeOnServer, testServers } from '../test-servers.ts'
import { offloop, temporaryFolder } from './run-command.ts'

const short = ['--seconds', '0.1', '--in-flight', '4']

async function sample(): Promise<{ readonly cwd: string }> {
  const cwd = temporaryFolder()
  await using engine = createEngine(`sqlite:///${join(cwd, 'app.db')}`)
  await engine.script('create table t (a integer primary key)')
  await engine.executeMany(
    'insert into t values (?)',
    Array.from({ length: 1_000 }, (_, a) => [a]),
  )
  return { cwd }
}

test('a query is run on each side, and their figures are told', async () => {
  const place = await sample()
  const [table, json] = await Promise.all([
    offloop(['bench', 'app.db', 'select * from t', ...short], place),
    offloop(['bench', 'select * from t where a < :a', '-p', 'a=7', '--json', ...short], { ...place, env: { OFFLOOP_URL: 'app.db' } }),
  ])
  expect(table).toMatchObject({ code: 0 })
  expect(table.stdout).toMatch(
    /better-sqlite3 on this thread \| [\d,.]+ +\| 1\.00 +\| .* ms +\| \d+ %\n offloop, one at a time .*\n offloop, 4 at a time .*\n$/,
  )
  const { rows, results } = JSON.parse(json.stdout)
  expect(rows).toBe(7)
  expect(results).toHaveLength(3)
  for (const { runs, queriesPerSecond, ratio, longestGapMs } of results) {
    expect(Math.min(runs, queriesPerSecond, ratio, longestGapMs)).toBeGreaterThan(0)
  }
})

test('what would change the database is refused, and so is what gives no rows', async () => {
  const place = await sample()
  const ends = await Promise.all(
    ['delete from t returning a', 'delete from t', 'select nope'].map((sql) => offloop(['bench', 'app.db', sql, ...short], place)),
  )
  for (const end of ends) {
    expect(end).toMatchObject({ code: 1, stdout: '' })
    expect(end.stderr.trimEnd().split('\n')).toHaveLength(1)
  }
  expect((await offloop(['query', 'app.db', 'select count(*) as n from t', '--format', 'csv'], place)).stdout).toBe('n\n1000\n')
})

test('an error in the middle of it ends it, and one that can be foreseen is told without a stack', async () => {
  const place = await sample()
  writeFileSync(join(place.cwd, 'none.db'), 'no database')
  const ends = await Promise.all([
    // Sides that ran at first: a while later abs() refuses.
    offloop(
      [
        'bench',
        'app.db',
        "select abs(-9223372036854775808 + (unixepoch('subsec') <= ?)) > 0 as a",
        '-p',
        `${Date.now() / 1_000 + 3}`,
        '--seconds',
        '30',
      ],
      place,
    ),
    offloop(['bench', 'none.db', 'select 1', ...short], place),
    offloop(['bench', '.', 'select 1', ...short], place),
  ])
  for (const { code, stdout, stderr } of ends) {
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  }
})

test('booleans are bound as the engine binds them, by position and by name', async () => {
  const place = await sample()
  const ends = await Promise.all([
    offloop(['bench', 'app.db', 'select * from t where a = ?', '-p', 'true', '--json', ...short], place),
    offloop(['bench', 'app.db', 'select * from t where a = :a', '-p', 'a=true', '--json', ...short], place),
  ])
  for (const { stdout, stderr } of ends) expect({ rows: JSON.parse(stdout).rows, stderr }).toEqual({ rows: 1, stderr: '' })
})

for (const server of Object.values(testServers)) {
  describeOnServer(server, `on ${server.name}`, () => {
    test('the driver on this thread is compared with the one in a worker, and nothing can be changed', async () => {
      const worked = await offloop(['bench', server.url, 'select 1 as one', '--json', ...short])
      expect(worked).toMatchObject({ code: 0 })
      expect(JSON.parse(worked.stdout).results[0].name).toMatch(/^(pg|mysql2) on this thread$/)
      const refused = await offloop(['bench', server.url, 'create table cli_bench (a int)', ...short])
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      await using engine = createEngine(server.url)
      expect(await engine.hasTable('cli_bench')).toBe(false)
    })
  })
}

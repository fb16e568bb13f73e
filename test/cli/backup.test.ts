import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from 'offloop'
import { expect, test } from 'vitest'
import { offloop, temporaryFolder } from './run-command.ts'

async function sample(): Promise<{ readonly cwd: string }> {
  const cwd = temporaryFolder()
  await using engine = createEngine(`sqlite:///${join(cwd, 'app.db')}`)
  await engine.script('create table t (a)')
  await engine.executeMany(
    'insert into t values (?)',
    Array.from({ length: 20_000 }, (_, a) => [`row ${a}`]),
  )
  return { cwd }
}

test('a copy is made and told, on stderr for a person and as JSON for a program', async () => {
  const place = await sample()
  const [told, json, quiet] = await Promise.all([
    offloop(['backup', 'app.db', 'told.db'], place),
    offloop(['backup', 'json.db', '--json'], { ...place, env: { OFFLOOP_URL: 'app.db' } }),
    offloop(['backup', 'app.db', 'quiet.db', '--quiet'], place),
  ])
  expect(told).toMatchObject({ code: 0, stdout: '' })
  expect(told.stderr).toMatch(/^told\.db: \d+ pages, [\d,]+ bytes in .+\n$/)
  expect(json.stderr).toBe('')
  expect(JSON.parse(json.stdout)).toMatchObject({ file: join(place.cwd, 'json.db'), pages: expect.any(Number) })
  expect(quiet).toMatchObject({ code: 0, stdout: '', stderr: '' })
  for (const name of ['told.db', 'json.db', 'quiet.db']) {
    await using engine = createEngine(`sqlite:///${join(place.cwd, name)}`)
    expect(await engine.scalar('select count(*) from t')).toBe(20_000)
  }
})

test('a file that is there is written over with --force only', async () => {
  const place = await sample()
  writeFileSync(join(place.cwd, 'copy.db'), '')
  const refused = await offloop(['backup', 'app.db', 'copy.db'], place)
  expect(refused).toMatchObject({ code: 1, stderr: 'offloop: copy.db is there already: --force writes over it.\n' })
  expect(readFileSync(join(place.cwd, 'copy.db'), 'utf8')).toBe('')
  expect(await offloop(['backup', 'app.db', 'copy.db', '--force'], place)).toMatchObject({ code: 0 })
})

test('without a second file it is not understood, and onto itself nothing is copied', async () => {
  const place = await sample()
  const [one, itself] = await Promise.all([offloop(['backup', 'app.db'], place), offloop(['backup', 'app.db', 'app.db', '--force'], place)])
  expect(one).toMatchObject({ code: 2, stdout: '' })
  expect(itself).toMatchObject({ code: 2, stdout: '', stderr: 'offloop: The file of a backup is the database itself.\n' })
  expect(readdirSync(place.cwd)).toEqual(['app.db'])
})

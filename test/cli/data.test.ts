import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from 'offloop'
import { expect, test } from 'vitest'
import { offloop, temporaryFolder } from './run-command.ts'

async function sample(): Promise<{ readonly cwd: string }> {
  const cwd = temporaryFolder()
  const schema = `
    create table users (id integer primary key, name text not null);
    create table orders (id integer primary key, user integer not null references users (id), note text);
  `
  for (const name of ['app.db', 'copy.db']) {
    await using engine = createEngine(`sqlite:///${join(cwd, name)}`)
    await engine.script(schema)
    if (name === 'copy.db') continue
    await engine.execute("insert into users values (1, 'Ada'), (2, 'Grace')")
    await engine.execute("insert into orders values (1, 2, null), (2, 1, '')")
  }
  return { cwd }
}

async function rowsOf(cwd: string, name: string): Promise<unknown> {
  await using engine = createEngine(`sqlite:///${join(cwd, name)}`)
  return await Promise.all(['users', 'orders'].map((table) => engine.execute(`select * from ${table} order by id`).fetchall()))
}

test('all tables go out and in again', async () => {
  const place = await sample()
  const exported = await offloop(['export', 'app.db', 'all.yaml'], place)
  expect(exported).toMatchObject({ code: 0, stdout: '' })
  expect(exported.stderr).toMatch(/^ {2}users: 2 rows\n {2}orders: 2 rows\nall\.yaml: 4 rows in .+\n$/)
  const imported = await offloop(['import', 'all.yaml', '--json'], { ...place, env: { OFFLOOP_URL: 'copy.db' } })
  expect(imported).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(imported.stdout)).toMatchObject({ file: 'all.yaml', rowcount: 4, tables: { users: 2, orders: 2 } })
  expect(await rowsOf(place.cwd, 'copy.db')).toEqual(await rowsOf(place.cwd, 'app.db'))
})

test('one table goes through a pipe, or into a file that is called after it; a query by its values', async () => {
  const place = await sample()
  const [piped, query] = await Promise.all([
    offloop(['export', 'app.db', '-', '--format', 'csv', '--table', 'users', '--quiet'], place),
    offloop(['export', 'app.db', 'q.jsonl', '--query', 'select name from users where id = :id', '-p', 'id=2'], place),
    offloop(['export', 'app.db', 'orders.csv'], place),
  ])
  expect(piped).toMatchObject({ code: 0, stdout: 'id,name\n1,Ada\n2,Grace\n', stderr: '' })
  expect(query).toMatchObject({ code: 0 })
  expect(readFileSync(join(place.cwd, 'q.jsonl'), 'utf8')).toBe('{"name":"Grace"}\n')
  expect(await offloop(['import', 'copy.db', '-', '--format', 'csv', '--table', 'users'], { ...place, stdin: piped.stdout })).toMatchObject(
    { code: 0 },
  )
  expect(await offloop(['import', 'copy.db', 'orders.csv'], place)).toMatchObject({ code: 0 })
  expect(await rowsOf(place.cwd, 'copy.db')).toEqual(await rowsOf(place.cwd, 'app.db'))
})

test('a file that is wrong leaves nothing behind, and is told by its line', async () => {
  const place = await sample()
  writeFileSync(join(place.cwd, 'users.csv'), 'id,name\n3,Barbara\n4\n')
  const end = await offloop(['import', 'copy.db', 'users.csv'], place)
  expect(end).toMatchObject({ code: 1, stdout: '' })
  expect(end.stderr).toMatch(/^offloop: Line 3\b/)
  expect(await rowsOf(place.cwd, 'copy.db')).toEqual([[], []])
})

test('what cannot be done is refused before anything is written', async () => {
  const place = await sample()
  writeFileSync(join(place.cwd, 'there.csv'), 'mine')
  const before = readdirSync(place.cwd)
  const wrong: readonly (readonly [number, ...string[]])[] = [
    [1, 'export', 'app.db', 'there.csv', '--table', 'users'],
    [1, 'export', 'app.db', 'nope.csv'],
    [2, 'export', 'app.db', 'users.xls'],
    [2, 'export', 'app.db', 'two.csv', '--table', 'users', '--table', 'orders'],
    [2, 'export', 'app.db', '-', '--format', 'csv'],
  ]
  const ends = await Promise.all(wrong.map(([, ...args]) => offloop(args, place)))
  expect(ends.map(({ code, stdout }) => ({ code, stdout }))).toEqual(wrong.map(([code]) => ({ code, stdout: '' })))
  expect(ends[1]?.stderr).toContain('There is no table "nope"')
  expect(readFileSync(join(place.cwd, 'there.csv'), 'utf8')).toBe('mine')
  expect(readdirSync(place.cwd)).toEqual(before)
})

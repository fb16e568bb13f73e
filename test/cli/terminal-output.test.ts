import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from 'offloop'
import { expect, test } from 'vitest'
import { temporaryFolder } from './run-command.ts'
import { keys, Terminal } from './terminal.ts'

const numbers = 'with recursive c(i) as (select 1 union all select i + 1 from c limit 20000)'

async function sample(...sql: readonly string[]): Promise<{ readonly cwd: string; readonly env: Readonly<Record<string, string>> }> {
  const cwd = temporaryFolder()
  await using engine = createEngine(`sqlite:///${join(cwd, 'app.db')}`)
  await engine.script('create table users (id integer primary key, name text)')
  for (const statement of sql) await engine.execute(statement)
  return { cwd, env: { OFFLOOP_HISTORY: join(cwd, 'history') } }
}

/** The lines that the command has written, without colours. */
async function linesOf(terminal: Terminal): Promise<readonly string[]> {
  expect(await terminal.end()).toBe(0)
  return (await terminal.rest()).split('\n')
}

test('a table grows wider with its rows where the window has room, and never cuts a number', async () => {
  const { cwd } = await sample()
  const wide = await linesOf(new Terminal(['query', 'app.db', `${numbers} select i, 'x' || i as text from c`], { cwd, columns: 60 }))
  expect(wide.slice(0, 3)).toEqual(['    i │ text', '──────┼───────', '    1 │ x1'])
  expect(wide).toContain(' 20000 │ x20000')
  const sql = `${numbers} select i * iif(i < 2000, 1, 1000000000000) as i, 'some words' as text from c`
  const narrow = await linesOf(new Terminal(['query', 'app.db', sql], { cwd, columns: 20 }))
  expect(narrow).toContain('    1 │ some words')
  expect(narrow).toContain(' 20000000000000000 │ some words')
})

test('a table without rows shows its columns, however many they are', async () => {
  const { cwd } = await sample()
  const names = Array.from({ length: 6 }, (_, at) => `column_number_${at}`)
  const sql = `select ${names.map((name) => `id as ${name}`).join(', ')} from users`
  expect((await linesOf(new Terminal(['query', 'app.db', sql], { cwd, columns: 40 }))).slice(0, 6)).toEqual(names)
})

test('what a terminal would obey stands neither in the SQL of migrations nor in JSON', async () => {
  const { cwd } = await sample("create table odd (a default '\u009b31m')")
  mkdirSync(join(cwd, 'migrations'))
  writeFileSync(join(cwd, 'migrations/0001_red.sql'), "-- up\ncreate table red (a default '\x1b[31m\u009b31m');\n")
  for (const args of [
    ['migrate', 'up', 'app.db', '--dry-run'],
    ['migrate', 'to', '0001_red', 'app.db', '--dry-run', '--json'],
    ['inspect', 'app.db', 'odd', '--json'],
  ]) {
    const terminal = new Terminal(args, { cwd, env: { NO_COLOR: '1' } })
    const text = (await linesOf(terminal)).join('\n')
    expect(terminal.output.replaceAll('\r', '')).not.toMatch(/(?!\n)\p{Cc}/u)
    expect(text).toMatch(/\\x9b31m|\\u009b31m/)
  }
})

test('a name with control characters is not completed', async () => {
  const shell = new Terminal(['shell', 'app.db'], await sample('create table even (a)', 'create table "evil\x1b[31m" (a)'))
  await shell.until('app.db> ')
  await shell.complete('select * from ev', 'en')
  shell.type(`;${keys.enter}`)
  await shell.until('0 rows')
  shell.type(keys.ctrlD)
  expect(await shell.end()).toBe(0)
})

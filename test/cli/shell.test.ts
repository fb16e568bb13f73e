import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeOnServer, testServers } from '../test-servers.ts'
import { offloop, offloopReadBriefly, temporaryFolder } from './run-command.ts'
import { keys, Terminal } from './terminal.ts'

/** One native call that does not end. */
const endless = 'with recursive c(i) as (select 1 union all select i + 1 from c) select max(i) from c;'

async function sample(): Promise<{ readonly cwd: string; readonly history: string; readonly env: Readonly<Record<string, string>> }> {
  const cwd = temporaryFolder()
  await using engine = createEngine(`sqlite:///${join(cwd, 'app.db')}`)
  await engine.script('create table users (id integer primary key, name text); create table user_names (id integer primary key)')
  await engine.executeMany('insert into users (name) values (?)', [['Ada'], ['\x1b[31mGrace'], ['x'.repeat(200)]])
  const history = join(cwd, 'state/history')
  return { cwd, history, env: { OFFLOOP_HISTORY: history } }
}

describe('at a terminal', () => {
  test('words are completed, statements take several lines, and tables are as wide as the terminal', async () => {
    const { history, ...place } = await sample()
    const shell = new Terminal(['shell', 'app.db'], { ...place, columns: 60 })
    await shell.until('app.db> ')
    await shell.complete('SEL', 'ECT')
    await shell.complete(' nam', 'e')
    shell.type(`${keys.enter}`)
    await shell.until('-> ')
    // Two tables begin so: the first Tab writes what they have in common, and the second one shows them.
    await shell.complete('from u', 'ser')
    shell.type(keys.tab)
    expect(await shell.until('users')).toContain('user_names')
    await shell.complete('s u order by u.i', 'd')
    shell.type(`;${keys.enter}`)
    await shell.until('3 rows')
    await shell.until('app.db> ')
    shell.type(keys.ctrlD)
    expect(await shell.end()).toBe(0)
    expect(shell.output).not.toContain('\x1b[31m')
    expect(readFileSync(history, 'utf8')).toBe('SELECT name from users u order by u.id;\n')
  })

  test('what was typed comes back, a statement of several lines as one; Ctrl-C takes it away', async () => {
    const { history, ...place } = await sample()
    const shell = new Terminal(['shell', 'app.db'], place)
    await shell.until('app.db> ')
    shell.type(`select name,${keys.enter}`)
    await shell.until('-> ')
    shell.type(`id from users where id = 1;${keys.enter}`)
    await shell.until('Ada  │  1')
    await shell.until('app.db> ')
    shell.type(`alter role x password 'secret';${keys.enter}`)
    await shell.until('syntax error')
    await shell.until('app.db> ')
    shell.type(`${keys.up}${keys.up}`)
    await shell.until('select name, id from users where id = 1;')
    shell.type(keys.ctrlC)
    await shell.until('^C')
    await shell.until('app.db> ')
    shell.type(keys.ctrlC)
    await shell.until('.quit or Ctrl-D ends the shell.')
    shell.type(`.quit${keys.enter}`)
    expect(await shell.end()).toBe(0)
    expect(readFileSync(history, 'utf8')).toBe('select name, id from users where id = 1;\n.quit\n')
    expect(statSync(history).mode & 0o777).toBe(0o600)
  })

  test('the prompt shows the transaction, which is rolled back at the end', async () => {
    const shell = new Terminal(['shell', 'app.db'], await sample())
    await shell.until('app.db> ')
    shell.type(`begin; delete from users;${keys.enter}`)
    await shell.until('3 rows changed')
    await shell.until('app.db*> ')
    shell.type(`rollback; begin;${keys.enter}`)
    await shell.until('app.db*> ')
    shell.type(keys.ctrlD)
    await shell.until('The open transaction is rolled back.')
    expect(await shell.end()).toBe(0)
  })

  test('Ctrl-C stops a statement inside a native call and not the shell, and tells what went with it', async () => {
    const shell = new Terminal(['shell', 'app.db'], await sample())
    await shell.until('app.db> ')
    // The first result says that the second statement is on its way.
    shell.type(`begin; delete from users; select 'running'; ${endless} delete from users;${keys.enter}delete from users;${keys.enter}`)
    await shell.until('1 row (')
    shell.type(keys.ctrlC)
    await shell.until('Given up')
    await shell.until('The connection is lost, and what was not committed with it.')
    await shell.until('app.db> ')
    shell.type(`select count(*) + 100 as n from users;${keys.enter}`)
    await shell.until('103')
    await shell.until('app.db> ')
    shell.type(`.quit${keys.enter}`)
    expect(await shell.end()).toBe(0)
  })

  test('Ctrl-C stops rows that go on and on, and the transaction lives', async () => {
    const shell = new Terminal(['shell', 'app.db'], await sample())
    await shell.until('app.db> ')
    shell.type(`begin; ${endless.replace('max(i)', "'row ' || i")}${keys.enter}`)
    await shell.until('row 3000')
    shell.type(keys.ctrlC)
    await shell.until('Given up')
    await shell.until('app.db*> ')
    shell.type(`.quit${keys.enter}`)
    expect(await shell.end()).toBe(0)
  })

  test('a database that cannot be opened ends it', async () => {
    const shell = new Terminal(['shell', 'postgresql://user:secret@127.0.0.1:1/nowhere'], await sample())
    expect(await shell.end()).toBe(1)
    expect(shell.output).toContain('127.0.0.1:1')
    expect(shell.output).not.toContain('secret')
  })

  test('rows of a query are cut to the width, or get a line for each value; NO_COLOR takes colours away', async () => {
    const { cwd } = await sample()
    const [cut, plain, tall] = [
      new Terminal(['query', 'app.db', "select *, null as none, '日本語' as wide from users"], { cwd, columns: 40 }),
      new Terminal(['query', 'app.db', 'select * from users'], { cwd, env: { NO_COLOR: '1' } }),
      new Terminal(['query', 'app.db', 'select name as a, name as b, name as c, name as d from users'], { cwd, columns: 30 }),
    ]
    expect(await Promise.all([cut.end(), plain.end(), tall.end()])).toEqual([0, 0, 0])
    expect((await cut.until(' (')).split('\n')).toEqual([
      ' id │ name              │ none │ wide',
      '────┼───────────────────┼──────┼────────',
      '  1 │ Ada               │ NULL │ 日本語',
      '  2 │ \\e[31mGrace       │ NULL │ 日本語',
      '  3 │ xxxxxxxxxxxxxxxx… │ NULL │ 日本語',
      '3 rows',
    ])
    expect(cut.output).toContain('\x1b[2mNULL')
    expect(plain.output).not.toContain('\x1b')
    expect(await tall.until('── 2 ──')).toBe('── 1 ──\na  Ada\nb  Ada\nc  Ada\nd  Ada\n')
  })
})

describe('out of a pipe', () => {
  test('statements run to the end, or to the first that fails', async () => {
    const { cwd } = await sample()
    const [all, some] = await Promise.all([
      offloop(['shell', 'app.db', '--format', 'csv'], { cwd, stdin: 'select 1\nas a;\nselect 2 as b' }),
      offloop(['shell', 'app.db', '--format', 'csv'], { cwd, stdin: 'select 1 as a;\nselect nope;\nselect 3 as c;\n' }),
    ])
    expect(all).toEqual({ code: 0, signal: null, stdout: 'a\n1\nb\n2\n', stderr: '' })
    expect(some).toEqual({ code: 1, signal: null, stdout: 'a\n1\n', stderr: 'offloop: no such column: nope (SQLITE_ERROR)\n' })
  })

  test('it ends when nobody reads what it prints', async () => {
    const { cwd } = await sample()
    const rows = endless.replace('max(i)', 'i')
    expect(await offloopReadBriefly(['shell', 'app.db'], { cwd, stdin: rows })).toEqual({ code: 0, stderr: '' })
    // What stands behind has not been done, which whoever looks at the exit code learns.
    for (const stdin of [`${rows} delete from users;`, `${rows}\ndelete from users;`, `begin; delete from users; ${rows}`]) {
      expect(await offloopReadBriefly(['shell', 'app.db'], { cwd, stdin })).toEqual({ code: 141, stderr: '' })
    }
  })

  test('commands that begin with a point tell and set', async () => {
    const { cwd } = await sample()
    writeFileSync(join(cwd, 'two.sql'), 'select 1 as one; select 2 as two;')
    const stdin = '.tables\n.tables NAM\n.schema users\n.mode csv\n.mode\n.timer off\n.timer\n.read two.sql\n.inspect user_names\n.help\n'
    const { stdout, stderr, code } = await offloop(['shell', 'app.db'], { cwd, stdin })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(stdout.split('.help  ')[0]?.trimEnd()).toBe(
      `user_names
users
user_names
CREATE TABLE users (id integer primary key, name text);
csv
off
one
1
two
2
app.db: 1 table, 0 views

table user_names
  id  INTEGER  not null counts by itself
  primary key (id)
Statements end with a semicolon, and may take several lines.`,
    )
    const wrong = await Promise.all(
      ['.tabels', '.mode xml', '.timer maybe', '.read'].map((line) => offloop(['shell', 'app.db'], { cwd, stdin: line })),
    )
    expect(wrong.map(({ code: failed }) => failed)).toEqual([1, 1, 1, 1])
    expect(wrong[0]?.stderr).toContain('Did you mean ".tables"?')
  })
})

describeOnServer(testServers.postgresql, 'on PostgreSQL', () => {
  test('the prompt shows a failed transaction, Ctrl-C asks the server to stop, and the SQL of a table is told', async () => {
    const shell = new Terminal(['shell', testServers.postgresql.url], await sample())
    await shell.until('> ')
    shell.type(`begin; create table cli_shell (id serial primary key, "Odd Name" text);${keys.enter}`)
    await shell.until('*> ')
    shell.type(`.schema cli_shell${keys.enter}`)
    await shell.until('create table "cli_shell" ("id" integer')
    await shell.until('*> ')
    const sleep = `select pg_sleep(1000), 'of ${process.pid}';`
    shell.type(`${sleep}${keys.enter}`)
    // One that the server has not begun would leave the transaction as it is.
    await using engine = createEngine(testServers.postgresql.url)
    const running = "select count(*) from pg_stat_activity where state = 'active' and query = :sleep"
    await expect.poll(() => engine.scalar(running, { sleep }), { timeout: 20_000 }).toBe(1)
    shell.type(keys.ctrlC)
    await shell.until('Given up')
    await shell.until('!> ')
    shell.type(`rollback;${keys.enter}`)
    await shell.until('done')
    await shell.until('> ')
    shell.type(keys.ctrlD)
    expect(await shell.end()).toBe(0)
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine, EngineURL } from 'offloop'
import { createDatabase, dropDatabase } from 'offloop/dal'
import { describe, expect, test } from 'vitest'
import { describeOnServer, testServers } from '../test-servers.ts'
import { offloop, temporaryFolder } from './run-command.ts'
import { keys, Terminal } from './terminal.ts'

const counting = 'with recursive c(i) as (select 1 union all select i + 1 from c'
/** One native call that does not end. */
const endless = `${counting}) select max(i) from c;`

interface Sample {
  readonly cwd: string
  readonly url: string
  readonly env: Readonly<Record<string, string>>
}

async function sample(): Promise<Sample> {
  const cwd = temporaryFolder()
  const url = `sqlite:///${join(cwd, 'app.db')}`
  await using engine = createEngine(url, { pragmas: { journal_mode: 'delete' } })
  await engine.script('create table users (id integer primary key, name text)')
  await engine.execute("insert into users values (1, 'Ada')")
  return { cwd, url, env: { OFFLOOP_HISTORY: join(cwd, 'history') } }
}

describe('at a terminal', () => {
  test('Ctrl-D while a statement runs ends the shell behind it', async () => {
    const shell = new Terminal(['shell', 'app.db'], await sample())
    await shell.until('app.db> ')
    shell.type(`begin; delete from users; select 'running'; ${counting} limit 5000000) select max(i) from c;${keys.enter}`)
    await shell.until('1 row (')
    shell.type(keys.ctrlD)
    await shell.until('5000000')
    await shell.until('The open transaction is rolled back.')
    expect(await shell.end()).toBe(0)
  })

  test('Ctrl-C gives up a command that waits for the database, and the shell goes on', async () => {
    const { url, ...place } = await sample()
    await using engine = createEngine(url, { pragmas: { journal_mode: null } })
    const shell = new Terminal(['shell', 'app.db'], place)
    await shell.until('app.db> ')
    // Nobody else reads the file then: the command waits for its lock.
    await using holder = await engine.begin({ mode: 'exclusive' })
    shell.type(`.inspect${keys.enter}`)
    await shell.until('.inspect\n')
    shell.type(keys.ctrlC)
    await shell.until('Given up.')
    await holder.rollback()
    await shell.until('app.db> ')
    shell.type(`.tables${keys.enter}`)
    await shell.until('.tables\nusers')
    shell.type(keys.ctrlD)
    expect(await shell.end()).toBe(0)
  })

  test('what is typed behind a statement of several lines stays in the history, and none of a statement with a password', async () => {
    const { cwd, env } = await sample()
    const shell = new Terminal(['shell', 'app.db'], { cwd, env })
    await shell.until('app.db> ')
    shell.type(`.timer off${keys.enter}`)
    await shell.until('off\n')
    shell.type(`select name${keys.enter}${keys.enter}from users;${keys.enter}`)
    await shell.until('1 row')
    await shell.until('app.db> ')
    shell.type(keys.up)
    await shell.until('select name  from users;')
    // The comment keeps the lines from being one: the name of the secret stands in another line than the secret.
    shell.type(`${keys.ctrlC}create role x -- a comment${keys.enter}password${keys.enter}'hunter2';${keys.enter}`)
    await shell.until('syntax error')
    await shell.until('app.db> ')
    shell.type(`${keys.ctrlC}.quit${keys.enter}`)
    expect(await shell.end()).toBe(0)
    expect(readFileSync(join(cwd, 'history'), 'utf8')).toBe('.timer off\nselect name  from users;\n.quit\n')
  })
})

describe('out of a pipe', () => {
  test.for(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('%s ends it together with the process that its statement is in', async (signal) => {
    const { cwd } = await sample()
    let children: readonly string[] = []
    const end = await offloop(['shell', 'app.db', '--format', 'csv'], {
      cwd,
      stdin: `select 'running' as r;\n${endless}\n`,
      onStart: (child) => {
        child.stdout?.once('data', () => {
          children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
          child.kill(signal)
        })
      },
    })
    expect(end).toEqual({ code: null, signal, stdout: 'r\nrunning\n', stderr: '' })
    expect(children).not.toEqual([''])
    await expect.poll(() => children.filter(isRunning)).toEqual([])
  })

  test('an error is JSON for who asks for JSON', async () => {
    const { cwd } = await sample()
    const { code, stdout, stderr } = await offloop(['shell', 'app.db', '--json'], {
      cwd,
      stdin: 'select 1 as a;\nselect nope;\nselect 2 as a;\n',
    })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '[\n{"a":1}\n]\n' })
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'OFFLOOP_PROGRAMMING', message: 'no such column: nope' } })
  })
})

describeOnServer(testServers.postgresql, 'on PostgreSQL', () => {
  test('an error that is not of the server leaves the transaction as it is', async () => {
    const { cwd, env } = await sample()
    const shell = new Terminal(['shell', testServers.postgresql.url], { cwd, env })
    await shell.until('> ')
    shell.type(`.mode json${keys.enter}`)
    await shell.until('> ')
    shell.type(`begin;${keys.enter}`)
    await shell.until('*> ')
    shell.type(`select 1 as a, 2 as a;${keys.enter}`)
    await shell.until('Two columns are called "a"')
    await shell.until('*> ')
    shell.type(`select nope;${keys.enter}`)
    await shell.until('!> ')
    shell.type(keys.ctrlD)
    expect(await shell.end()).toBe(0)
  })

  test('a statement does not outlive the terminal that it was typed at', async () => {
    const { cwd, env } = await sample()
    const shell = new Terminal(['shell', testServers.postgresql.url], { cwd, env })
    await shell.until('> ')
    const sleep = `select pg_sleep(1000), 'at ${process.pid}';`
    shell.type(`${sleep}${keys.enter}`)
    await using engine = createEngine(testServers.postgresql.url)
    const running = () => engine.scalar("select count(*) from pg_stat_activity where state = 'active' and query = :sleep", { sleep })
    await expect.poll(running, { timeout: 20_000 }).toBe(1)
    shell.hangUp()
    await expect.poll(running, { timeout: 20_000 }).toBe(0)
  })

  test('Tab does not wait for a server that does not answer', async () => {
    const { cwd, env } = await sample()
    const url = EngineURL.parse(testServers.postgresql.url).with({ database: `offloop_cli_silent_${process.pid}` })
    await createDatabase(url)
    try {
      await using engine = createEngine(url)
      await engine.execute('create table t (id int primary key)')
      const shell = new Terminal(['shell', url.render({ hidePassword: false })], { cwd, env })
      await shell.until('> ')
      const holder = await engine.begin()
      await holder.execute('lock table pg_catalog.pg_constraint in access exclusive mode')
      shell.type('select 1')
      await shell.until('select 1')
      shell.type(keys.tab)
      await using others = createEngine(testServers.postgresql.url)
      const waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = :name"
      await expect.poll(() => others.scalar(waiting, { name: url.database }), { timeout: 20_000 }).toBe(1)
      shell.type(` as one;${keys.enter}`)
      await shell.until('1 row (')
      await holder.rollback()
      shell.type(keys.ctrlD)
      expect(await shell.end()).toBe(0)
    } finally {
      await dropDatabase(url)
    }
  })
})

/** A process that has ended, and that nobody has asked about yet, does not. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

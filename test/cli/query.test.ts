import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine } from 'offloop'
import { describe, expect, test } from 'vitest'
import { offloop, offloopReadBriefly, temporaryFolder } from './run-command.ts'

const endless = 'with recursive c(i) as (select 1 union all select i + 1 from c) select i from c'

async function sample(): Promise<{ readonly cwd: string }> {
  const cwd = temporaryFolder()
  await using engine = createEngine(`sqlite:///${join(cwd, 'app.db')}`, { pragmas: { journal_mode: 'delete' } })
  await engine.script('create table users (id integer primary key, name text, note text, bytes blob, big integer)')
  await engine.executeMany('insert into users values (?, ?, ?, ?, ?)', [
    [1, 'Ada', null, Buffer.from([0, 255]), 9_007_199_254_740_993n],
    [2, '日本語 👍', 'NULL', null, 1],
    [3, 'a "b", c', '\x1b[31mred\nnext', Buffer.alloc(0), -5],
    [4, '', '', null, null],
  ])
  return { cwd }
}

describe('rows', () => {
  test('are a table whose columns stand under each other, with NULL told from a text and no escape sequence in it', async () => {
    const { stdout, stderr, code } = await offloop(['query', 'app.db', 'select * from users'], await sample())
    expect(stdout.split('\n')).toEqual([
      ' id | name      | note            | bytes   |              big',
      '----+-----------+-----------------+---------+------------------',
      "  1 | Ada       | NULL            | x'00ff' | 9007199254740993",
      "  2 | 日本語 👍 | 'NULL'          | NULL    |                1",
      '  3 | a "b", c  | \\e[31mred\\nnext | x\'\'     |               -5',
      '  4 |           |                 | NULL    |             NULL',
      '',
    ])
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  })

  test('are JSON with every digit, bytes as hexadecimal digits', async () => {
    const place = await sample()
    const [list, lines] = await Promise.all([
      offloop(['query', 'app.db', 'select * from users', '--json'], place),
      offloop(['query', 'app.db', 'select * from users', '--format', 'jsonl'], place),
    ])
    expect(list.stdout).toContain('{"id":1,"name":"Ada","note":null,"bytes":"00ff","big":9007199254740993},\n')
    expect(JSON.parse(list.stdout)).toHaveLength(4)
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(JSON.parse(list.stdout))
  })

  test('are CSV, in which NULL is nothing and an empty text is not', async () => {
    const place = await sample()
    const sql = 'select name, note, bytes from users where id <> 2'
    const [whole, bare] = await Promise.all([
      offloop(['query', 'app.db', sql, '--format', 'csv'], place),
      offloop(['query', 'app.db', sql, '--format', 'csv', '--no-header'], place),
    ])
    const rows = 'Ada,,00ff\n"a ""b"", c","\x1b[31mred\nnext",""\n"","",\n'
    expect(whole.stdout).toBe(`name,note,bytes\n${rows}`)
    expect(bare.stdout).toBe(rows)
  })

  test('are a line for each value', async () => {
    const { stdout } = await offloop(['query', 'app.db', 'select id, name from users where id < 3', '--format', 'vertical'], await sample())
    expect(stdout).toBe('-- 1 --\nid    1\nname  Ada\n-- 2 --\nid    2\nname  日本語 👍\n')
  })

  test('of two columns of one name are refused as JSON, and are all there as a table', async () => {
    const place = await sample()
    const [json, table] = await Promise.all([
      offloop(['query', 'app.db', 'select 1 as a, 2 as a', '--json'], place),
      offloop(['query', 'app.db', 'select 1 as a, 2 as a'], place),
    ])
    expect(json).toMatchObject({ code: 1, stdout: '' })
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'OFFLOOP_DATA' } })
    expect(table.stdout).toBe(' a | a\n---+---\n 1 | 2\n')
  })

  test('of megabytes are cut in a table with a mark, and whole elsewhere', async () => {
    const place = await sample()
    const sql = "select replace(hex(zeroblob(1000000)), '0', 'x') as long"
    const [table, json] = await Promise.all([offloop(['query', 'app.db', sql], place), offloop(['query', 'app.db', sql, '--json'], place)])
    expect(table.stdout.split('\n')[2]).toBe(` ${'x'.repeat(1_000)}...`)
    expect(JSON.parse(json.stdout)).toEqual([{ long: 'x'.repeat(2_000_000) }])
  })

  test('of megabytes are printed in bounded memory', async () => {
    const { cwd } = await sample()
    const sql = 'with recursive c(i) as (select 1 union all select i + 1 from c limit 30) select zeroblob(3000000) as b from c'
    for (const [format, bytes] of [
      ['jsonl', 30 * 6_000_009],
      ['csv', 2 + 30 * 6_000_001],
    ] as const) {
      let printed = 0
      const end = await offloop(['query', 'app.db', sql, '--format', format], {
        cwd,
        env: { NODE_OPTIONS: '--max-old-space-size=100' },
        onOutput: (chunk) => {
          printed += chunk.length
        },
      })
      expect({ format, ...end, printed }).toEqual({ format, code: 0, signal: null, stdout: '', stderr: '', printed: bytes })
    }
  })

  test('that nobody reads any more end the command, quietly', async () => {
    const { cwd } = await sample()
    for (const format of ['table', 'jsonl', 'csv']) {
      const end = await offloopReadBriefly(['query', 'app.db', endless, '--format', format], { cwd })
      expect({ format, ...end }).toEqual({ format, code: 0, stderr: '' })
    }
  })

  test('that nobody reads any more end it as SIGPIPE would, where something else was to be done or is taken back', async () => {
    const { cwd } = await sample()
    const begun = await offloopReadBriefly(['query', 'app.db', `${endless}; delete from users`], { cwd })
    const undone = await offloopReadBriefly(['query', 'app.db', `delete from users; ${endless}`, '--transaction', '--format', 'csv'], {
      cwd,
    })
    expect([begun, undone]).toEqual([begun, undone].map(() => ({ code: 141, stderr: '' })))
    expect((await offloop(['query', 'app.db', 'select count(*) as n from users', '--format', 'csv'], { cwd })).stdout).toBe('n\n4\n')
  })
})

describe('statements', () => {
  test('come from an argument, a file or stdin, and the database from an argument or the environment', async () => {
    const { cwd } = await sample()
    const sql = 'select count(*) as n from users'
    writeFileSync(join(cwd, 'count.sql'), `\uFEFF-- how many\n${sql};\n`)
    const env = { OFFLOOP_URL: `sqlite:///${join(cwd, 'app.db')}` }
    const ends = await Promise.all([
      offloop(['query', 'app.db', sql, '--format', 'csv'], { cwd }),
      offloop(['query', 'app.db', '--file', 'count.sql', '--format', 'csv'], { cwd }),
      offloop(['query', 'app.db', '--format', 'csv'], { cwd, stdin: sql }),
      offloop(['query', 'app.db', '-', '--format', 'csv'], { cwd, stdin: sql }),
      offloop(['query', 'app.db', '--file', '-', '--format', 'csv'], { cwd, stdin: sql }),
      offloop(['query', sql, '--format', 'csv'], { cwd, env }),
      offloop(['query', '--format', 'csv'], { cwd, env, stdin: sql }),
      offloop(['query', 'app.db', '--format', 'csv'], { cwd, env: { OFFLOOP_URL: 'sqlite:///other.db' }, stdin: sql }),
    ])
    expect(ends).toEqual(ends.map(() => ({ code: 0, signal: null, stdout: 'n\n4\n', stderr: '' })))
  })

  test('take parameters: JSON where it is JSON, else texts', async () => {
    const place = await sample()
    const types = 'typeof(:a) as a, typeof(:b) as b, typeof(:c) as c, :d as d'
    const [named, listed] = await Promise.all([
      offloop(['query', 'app.db', `select ${types}`, '-p', 'a=7', '-p', 'b="7"', '-p', 'c=null', '-p', 'd=x=y', '--json'], place),
      offloop(['query', 'app.db', 'select ? as a, ? as b, ? as c', '-p', '9007199254740993', '-p', 'x=y', '-p', '-1.5', '--json'], place),
    ])
    expect(JSON.parse(named.stdout)).toEqual([{ a: 'integer', b: 'text', c: 'null', d: 'x=y' }])
    expect(listed.stdout).toBe('[\n{"a":9007199254740993,"b":"x=y","c":-1.5}\n]\n')
  })

  test('are several, each with its result, and the one that fails is named by its line', async () => {
    const place = await sample()
    const script = 'delete from users where id = 4;\nselect count(*) as n from users;\nselect nope;\nselect 1;'
    const { stdout, stderr, code } = await offloop(['query', 'app.db'], { ...place, stdin: script })
    expect(stdout).toBe(' n\n---\n 3\n')
    expect(stderr).toMatch(/^1 row changed \(.+\)\noffloop: line 3: no such column: nope \(SQLITE_ERROR\)\n$/)
    expect(code).toBe(1)
    const json = await offloop(['query', 'app.db', '--json'], { ...place, stdin: 'create table a (b);\nselect nope' })
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { code: 'OFFLOOP_PROGRAMMING', driverCode: 'SQLITE_ERROR', message: 'line 2: no such column: nope (SQLITE_ERROR)' },
    })
  })

  test('give one result with rows where the format has room for one, and nothing is run of more', async () => {
    const place = await sample()
    const run = (sql: string, format: string) => offloop(['query', 'app.db', sql, '--format', format], place)
    const insert = "insert into users (name) values ('x')"
    const [mixed, changes, two, returning, unforeseen] = [
      await run(`${insert}; select 1 as a; ${insert}`, 'json'),
      await run(`${insert}; ${insert}`, 'jsonl'),
      await run('select 1 as a;\nselect 2 as a', 'csv'),
      await run(`select 1 as a; ${insert} returning id`, 'jsonl'),
      await run('select 1 as a; pragma user_version', 'json'),
    ]
    expect(mixed).toMatchObject({ code: 0, stdout: '[\n{"a":1}\n]\n' })
    expect(changes).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(two).toMatchObject({ code: 1, stdout: '' })
    expect(two.stderr).toBe(
      'offloop: line 2: a second result with rows, and csv has room for one: expected --format table. Nothing was run.\n',
    )
    expect(returning).toMatchObject({ code: 1, stdout: '' })
    expect(unforeseen).toMatchObject({ code: 1, stdout: '[\n{"a":1}\n]\n' })
    expect((await run('select count(*) as n from users', 'csv')).stdout).toBe('n\n8\n')
  })

  test('go on when nobody reads any more what is said of them', async () => {
    const place = await sample()
    const stdin = "insert into users (name) values ('x');\n".repeat(500)
    const { code } = await offloop(['query', 'app.db'], {
      ...place,
      stdin,
      onStart: (child) => child.stderr?.once('data', () => child.stderr?.destroy()),
    })
    const { stdout } = await offloop(['query', 'app.db', 'select count(*) as n from users', '--format', 'csv'], place)
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'n\n504\n' })
  })

  test('of --transaction are all or nothing', async () => {
    const place = await sample()
    const { code } = await offloop(['query', 'app.db', '--transaction'], { ...place, stdin: 'delete from users; select nope' })
    const { stdout } = await offloop(['query', 'app.db', 'select count(*) as n from users', '--format', 'csv'], place)
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'n\n4\n' })
  })

  test('that write are refused by the database with --readonly, and leave the journal mode alone without', async () => {
    const place = await sample()
    const refused = await offloop(['query', 'app.db', 'delete from users', '--readonly'], place)
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('SQLITE_READONLY')
    const [, mode] = [
      await offloop(['query', 'app.db', 'delete from users'], place),
      await offloop(['query', 'app.db', 'pragma journal_mode'], place),
    ]
    expect(mode.stdout).toContain(' delete\n')
    expect(readdirSync(place.cwd)).toEqual(['app.db'])
  })

  test('tell with --json what they have changed', async () => {
    const { stdout, stderr } = await offloop(['query', 'app.db', "insert into users (name) values ('x')", '--json'], await sample())
    expect({ stdout, stderr }).toEqual({ stdout: '{"rowcount":1,"lastrowid":5}\n', stderr: '' })
  })

  test('that take too long are given up', async () => {
    const { code, stderr } = await offloop(['query', 'app.db', `select count(*) from (${endless})`, '--timeout', '0.2'], await sample())
    expect(code).toBe(1)
    expect(stderr).toMatch(/^offloop: .*200 ms/)
  })

  test('that nothing stops inside a native call end the process, after they are told', async () => {
    for (const options of [[], ['--transaction']]) {
      const end = await offloop(['query', ':memory:', `select count(*) from (${endless})`, '--timeout', '0.2', ...options])
      expect(end).toMatchObject({ code: null, signal: 'SIGTERM', stdout: '' })
      expect(end.stderr).toMatch(/^offloop: .*200 ms/)
    }
  })

  test.for(['SIGINT', 'SIGTERM'] as const)('that %s interrupts end by the signal, without a word', async (signal) => {
    const { cwd } = await sample()
    // The first statement's row says that the second one, which is one native call, is on its way.
    for (const sql of [endless, `select 1 as i; select max(i) from (${endless})`]) {
      const end = await offloop(['query', 'app.db', sql], {
        cwd,
        onStart: (child) => child.stdout?.once('data', () => child.kill(signal)),
      })
      expect({ code: end.code, signal: end.signal, stderr: end.stderr }).toEqual({ code: null, signal, stderr: '' })
    }
  })
})

describe('a database', () => {
  test('whose file is not there is refused, and not made', async () => {
    const cwd = temporaryFolder()
    const ends = await Promise.all(
      [
        ['query', 'new.db', 'select 1'],
        ['inspect', 'new.db'],
        ['backup', 'new.db', 'copy.db'],
        ['query', 'sqlite:///new.db', 'select 1'],
      ].map((args) => offloop(args, { cwd })),
    )
    expect(ends).toEqual(ends.map(() => ({ code: 1, signal: null, stdout: '', stderr: 'offloop: There is no file new.db.\n' })))
    expect(readdirSync(cwd)).toEqual([])
  })

  test('is made by --create', async () => {
    const cwd = temporaryFolder()
    expect(await offloop(['query', 'new.db', 'create table t (a)', '--create'], { cwd })).toMatchObject({ code: 0 })
    expect(existsSync(join(cwd, 'new.db'))).toBe(true)
  })

  test('that is none is refused with exit code 2, and a password is in no message', async () => {
    const wrong: readonly (readonly string[])[] = [
      ['query'],
      ['query', 'oracle://u:secret@h/d', 'select 1'],
      ['query', 'postgresql://u:sec/ret@h/d', 'select 1'],
      ['postgresql://u:secret@h/d'],
      ['query', 'app.db', 'select 1', '--nope=postgresql://u:secret@h/d'],
    ]
    const ends = await Promise.all(wrong.map((args) => offloop(args, { cwd: temporaryFolder() })))
    for (const { code, stderr, stdout } of ends) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).not.toMatch(/sec.?ret/)
      expect(stderr).not.toBe('')
    }
  })

  test('that does not answer is named without its password', async () => {
    const { code, stderr } = await offloop(['query', 'postgresql://user:secret@127.0.0.1:1/db', 'select 1'])
    expect(code).toBe(1)
    expect(stderr).toContain('127.0.0.1:1')
    expect(stderr).not.toContain('secret')
  })
})

import Database from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { scanStatement } from '../../src/sql/scan-statement.ts'

const database = new Database(':memory:')
database.exec('create table t (a, b)')
afterAll(() => database.close())

/** Always the same sequence, so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const EXPRESSIONS = [
  ...[
    '1',
    "'x'",
    "'it''s ?'",
    '"a"',
    '[a]',
    '`a`',
    "x'00'",
    '1.5e+3',
    '0x1F',
    '?',
    '?',
    '?1',
    '?2',
    ':a',
    ':b',
    '@a',
    '$b',
    '$1',
    '#c',
    ':é',
  ],
  ...[
    'a',
    't.a',
    '(1)',
    '-1',
    '- -1',
    "a -> '$.x'",
    "a ->> 'y'",
    "';'",
    '"b"',
    '/* ? */ 1',
    '-- :z\n 1',
    'case when 1 then 2 end',
    'a$x',
    '1/2',
  ],
]
const STATEMENTS = [
  ...[
    'select E, E from t',
    'select E',
    'values (E, E)',
    'insert into t values (E, E)',
    'insert into t select E, E',
    'update t set a = E where b = E',
  ],
  ...[
    'delete from t where a = E',
    'with c as (select E) select E from t',
    'explain select E',
    'with c as (select 1) insert into t select E, E',
  ],
  ...['replace into t values (E, E)', 'begin', 'commit', 'pragma user_version', 'savepoint x', 'select E /* ; */ + E -- ;\n'],
  ...[
    'create temp trigger n after insert on t begin select E; update t set a = E; end',
    'create view v as select 1',
    '',
    '-- c\n',
    '/* c */',
    '/* c',
  ],
]
const JOINTS = ['', '', '', ';', '; ', ' ;\n', ';;', '; -- end\n', ';/* x */']

function expand(template: string, random: (below: number) => number): string {
  return template.replaceAll('E', () => EXPRESSIONS[random(EXPRESSIONS.length)] as string)
}

/** How many statements better-sqlite3 finds: none, one or several, unless the first one is wrong in itself. */
function countStatements(sql: string): number | 'unknown' {
  try {
    database.prepare(sql)
    return 1
  } catch (error) {
    const { message } = error as Error
    if (message.includes('contains no statements')) return 0
    return message.includes('more than one statement') ? 2 : 'unknown'
  }
}

/** True when these names, or else so many values, are exactly what the statement wants. */
function bindable(sql: string, names: readonly string[], count: number): boolean {
  try {
    if (names.length > 0) database.prepare(sql).bind(Object.fromEntries(names.map((name) => [name, null])))
    else database.prepare(sql).bind(Array.from({ length: count }, () => null))
    return true
  } catch {
    return false
  }
}

test('better-sqlite3 finds the same number of statements and the same parameters in 20,000 texts', () => {
  const random = generator(42)
  const seen = { none: 0, one: 0, several: 0, bound: 0 }
  for (let index = 0; index < 20_000; index += 1) {
    let sql = ''
    for (let part = random(3); part >= 0; part -= 1)
      sql += expand(STATEMENTS[random(STATEMENTS.length)] as string, random) + JOINTS[random(JOINTS.length)]
    const scanned = scanStatement(sql)
    const statements = countStatements(sql)
    if (statements === 'unknown') continue
    expect(Math.min(scanned.statements, 2), sql).toBe(statements)
    if (statements === 0) seen.none += 1
    if (statements === 2) seen.several += 1
    if (statements !== 1) continue
    seen.one += 1
    const gaps = scanned.style === 'numbered' && scanned.names.some((name, position) => Number(name) !== position + 1)
    if (scanned.style === 'mixed' || gaps || scanned.count === 0) continue
    expect(bindable(sql, scanned.names, scanned.count), sql).toBe(true)
    // With one less it must not do, or the scanner has seen a parameter that is none.
    expect(bindable(sql, scanned.names.slice(1), scanned.count - 1), sql).toBe(false)
    seen.bound += 1
  }
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(500)
})

test('no text of random pieces makes it throw, and what better-sqlite3 accepts as one statement is one', () => {
  const random = generator(7)
  const pieces = [
    "'",
    '"',
    '`',
    '[',
    ']',
    '--',
    '/*',
    '*/',
    '\n',
    ' ',
    ';',
    '?',
    '?1',
    ':a',
    '@',
    '$b',
    '::',
    '#',
    '->',
    'select',
    '1',
    'a',
    ',',
    '(',
    ')',
    'end',
    'é',
    '\0',
  ]
  for (let index = 0; index < 50_000; index += 1) {
    let sql = random(2) === 0 ? 'select ' : ''
    for (let part = random(8); part >= 0; part -= 1) sql += pieces[random(pieces.length)]
    const scanned = scanStatement(sql)
    if (sql.includes('\0')) continue
    const statements = countStatements(sql)
    if (statements !== 'unknown') expect(Math.min(scanned.statements, 2), JSON.stringify(sql)).toBe(statements)
  }
})

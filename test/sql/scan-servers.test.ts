import { describe, expect, test } from 'vitest'
import { scanStatement } from '../../src/sql/scan-statement.ts'
import { Random } from '../soak/random.ts'
import { mysqlTexts } from './mysql-texts.ts'
import { postgresqlTexts } from './postgresql-texts.ts'
import { randomText } from './random-texts.ts'

const dialects = [
  { dialect: 'postgresql', texts: postgresqlTexts },
  { dialect: 'mysql', texts: mysqlTexts },
] as const

describe.for(dialects)('in $dialect', ({ dialect, texts }) => {
  test.for(texts)('$sql', ({ sql, names, sent, statements }) => {
    const scanned = scanStatement(sql, dialect)
    expect(scanned).toMatchObject({ names, statements, boundNames: null })
    expect(scanned.valueOrder?.length ?? scanned.count).toBe(sent)
    if (scanned.style !== 'named') expect(scanned.text).toBe(sql)
  })
})

describe('the text that is sent', () => {
  test.each([
    ['select :b, :a, :b', 'select $1, $2, $1', 'select ?, ?, ?', [0, 1, 0]],
    ['select :a::text, \':a\', ":a"', 'select $1::text, \':a\', ":a"', null, null],
    [
      'update t set a=:a /* :b */ where b = :b -- :c',
      'update t set a=$1 /* :b */ where b = $2 -- :c',
      'update t set a=? /* :b */ where b = ? -- :c',
      null,
    ],
    ['select 1', 'select 1', 'select 1', null],
    [':a', '$1', '?', null],
  ])('of %j has its own placeholders', (sql, postgresql, mysql, order) => {
    expect(scanStatement(sql, 'postgresql')).toMatchObject({ text: postgresql, valueOrder: null })
    if (mysql !== null) expect(scanStatement(sql, 'mysql')).toMatchObject({ text: mysql, valueOrder: order })
  })

  test('has ten names and more', () => {
    const names = Array.from({ length: 12 }, (_, index) => `:n${index}`)
    expect(scanStatement(`values (${names.join(', ')})`, 'postgresql').text).toBe(
      'values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)',
    )
  })
})

const fragments = [
  ...[
    "'",
    '"',
    '`',
    '$$',
    '$a$',
    '$1',
    '[',
    ']',
    '--',
    '/*',
    '*/',
    '/*!',
    '#',
    '\n',
    ' ',
    ';',
    '?',
    ':a',
    '@',
    '::',
    ':=',
    '\\',
    'E',
    'U&',
  ],
  ...[
    'select',
    'begin',
    'end',
    'case',
    'if',
    'create',
    'procedure',
    'atomic',
    'not',
    '1',
    'a',
    ',',
    '(',
    ')',
    'é',
    '\0',
    '.',
    'with',
    'for',
  ],
]

describe.for(['postgresql', 'mysql'] as const)('random texts in %s', (dialect) => {
  test('have the parameters that were put into them', () => {
    const random = new Random(42)
    for (let round = 0; round < 20_000; round += 1) {
      const named = random.below(2) === 0
      const { sql, placed } = randomText(random, dialect, named)
      const scanned = scanStatement(sql, dialect)
      const distinct = [...new Set(placed)]
      expect(scanned.statements, sql).toBe(1)
      expect(scanned.verb, sql).toBe('select')
      if (!named && dialect === 'mysql') expect(scanned, sql).toMatchObject({ names: [], count: placed.length })
      else expect([...scanned.names].sort(), sql).toEqual(distinct.sort())
      if (named) expect(scanStatement(scanned.text, dialect).count, sql).toBe(dialect === 'mysql' ? placed.length : distinct.length)
    }
  })

  test('of any pieces make it neither throw nor miscount what it has rewritten', () => {
    const random = new Random(7)
    for (let round = 0; round < 50_000; round += 1) {
      let sql = random.below(2) === 0 ? 'select ' : ''
      for (let part = random.below(10); part >= 0; part -= 1) sql += random.pick(fragments)
      const scanned = scanStatement(sql, dialect)
      // In `:a:b` the second is none, and `?:b` has one.
      if (scanned.style !== 'named' || /:[\p{L}\w$]+:/u.test(sql)) continue
      const again = scanStatement(scanned.text, dialect)
      expect(again.statements, JSON.stringify(sql)).toBe(scanned.statements)
      expect(again.count, JSON.stringify(sql)).toBe(scanned.valueOrder?.length ?? scanned.count)
    }
  })

  test('of a million characters take their length, not its square', () => {
    const started = performance.now()
    const pieces = [
      "''",
      '$1,',
      ':a,',
      '?',
      '(',
      '/*',
      '--',
      '-- \n',
      "'",
      '"',
      '`',
      '[',
      '$',
      '$a',
      '$$',
      '$a$',
      '-',
      'temp ',
      ';',
      '::',
      ':',
      'e',
      '#',
      '@',
      "E''\n",
      '/*!',
      '\\',
      'if ',
      'begin ',
    ]
    for (const piece of pieces) scanStatement(piece.repeat(Math.floor(1_000_000 / piece.length)), dialect)
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})

test('the result is frozen: it is handed to many', () => {
  for (const dialect of ['postgresql', 'mysql'] as const) {
    const scanned = scanStatement('select :a, :a', dialect)
    for (const part of [scanned, scanned.names, scanned.valueOrder]) expect(Object.isFrozen(part)).toBe(true)
  }
})

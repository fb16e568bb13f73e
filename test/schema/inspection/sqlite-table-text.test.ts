import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { NotSupportedError } from '../../../src/errors.ts'
import { parseTableText, type TableText } from '../../../src/schema/inspection/sqlite/table-text.ts'
import { factsOfPragmas, factsOfText, uniqueIndexes, uniqueTexts } from './table-facts.ts'
import { otherTexts, refusedTexts, tableTexts } from './table-texts.ts'

/** A database in which SQLite has made the table. */
function databaseWith(sql: string): InstanceType<typeof Database> {
  const database = new Database(':memory:')
  database.pragma('foreign_keys = off')
  database.exec(sql)
  return database
}

/** The text as the schema keeps it. */
function keptText(database: InstanceType<typeof Database>): string {
  return database
    .prepare("select sql from (select * from sqlite_schema union all select * from sqlite_temp_schema) where name = 't'")
    .pluck()
    .get() as string
}

function parsed(definition: string): TableText {
  return parseTableText(`create table t (${definition})`)
}

describe.each(tableTexts)('%s', (sql) => {
  test('means what SQLite says it means', () => {
    const database = databaseWith(sql)
    const text = parseTableText(keptText(database))
    expect(factsOfText(database, text)).toEqual(factsOfPragmas(database))
    // SQLite makes one index for constraints that are the same, and none for one that is the primary key.
    expect(uniqueTexts(text)).toEqual(expect.arrayContaining([...uniqueIndexes(database)]))
    expect(text.autoIncrement).toBe(
      database.prepare("select count(*) from sqlite_schema where name = 'sqlite_sequence'").pluck().get() === 1,
    )
    database.close()
  })

  test('means the same as it was written', () => {
    const database = databaseWith(sql)
    expect(parseTableText(sql)).toEqual(parseTableText(keptText(database)))
    database.close()
  })
})

test.each(refusedTexts)('SQLite refuses, and so do we: %s', (sql) => {
  expect(() => databaseWith(sql)).toThrow(Database.SqliteError)
  expect(() => parseTableText(sql)).toThrow(NotSupportedError)
})

test.each(['', 'create table t (a\0)', ...otherTexts])('refuses what is no text of a table: %j', (sql) => {
  expect(() => parseTableText(sql)).toThrow(NotSupportedError)
})

test('says where it did not understand the text, and what it expected there', () => {
  expect(() => parsed('a primary')).toThrow('not understood at character 19: expected a constraint of the column.')
})

describe('the name of a constraint', () => {
  test('belongs to the constraint that follows it', () => {
    const { primaryKey, uniqueConstraints, checks, foreignKeys } = parsed(
      'a constraint k primary key constraint u unique constraint c check (a) constraint f references p, constraint "c 2" check (1), check (2)',
    )
    expect([primaryKey?.name, uniqueConstraints[0]?.name, foreignKeys[0]?.name]).toEqual(['k', 'u', 'f'])
    expect(checks.map(({ name }) => name)).toEqual(['c', 'c 2', null])
  })

  test('is not handed on to the next one', () => {
    expect(parsed('a constraint x not null check (a)').checks[0]?.name).toBe(null)
    expect(parsed('a constraint x default 1 unique').uniqueConstraints[0]?.name).toBe(null)
    expect(parsed('a constraint x, check (a)').checks[0]?.name).toBe(null)
    expect(parsed('a, constraint x unique (a) check (a)').checks[0]?.name).toBe(null)
    expect(parsed('a, constraint x, check (a)').checks[0]?.name).toBe(null)
  })

  test('is the last one of several', () => {
    expect(parsed('a constraint x constraint y check (a)').checks[0]?.name).toBe('y')
  })
})

describe('checks', () => {
  test('are kept as they are written, without the blanks and comments around them', () => {
    const { checks } = parsed(`a check ( /* x */ a  >  0 and a <> ')' -- y\n ), check ((a) /* z */ < 10)`)
    expect(checks).toEqual([
      { name: null, expression: `a  >  0 and a <> ')'`, column: 'a' },
      { name: null, expression: '(a) /* z */ < 10', column: null },
    ])
  })
})

describe('foreign keys', () => {
  test('have their deferral wherever it stands behind them', () => {
    const timing = (definition: string) => parsed(definition).foreignKeys.map(({ deferrable, initially }) => [deferrable, initially])
    expect(timing('a references p')).toEqual([[false, 'immediate']])
    expect(timing('a references p deferrable')).toEqual([[true, 'immediate']])
    expect(timing('a references p deferrable initially deferred')).toEqual([[true, 'deferred']])
    expect(timing('a references p not deferrable initially deferred')).toEqual([[false, 'immediate']])
    expect(timing('a references p not null deferrable initially deferred')).toEqual([[true, 'deferred']])
    expect(timing('a references p, b deferrable initially deferred')).toEqual([[true, 'deferred']])
    expect(timing('a references p deferrable, b references p')).toEqual([
      [true, 'immediate'],
      [false, 'immediate'],
    ])
  })

  test('have the last of several actions', () => {
    const [key] = parsed('a references p on delete cascade on delete set null match full on update set default').foreignKeys
    expect(key).toMatchObject({ onDelete: 'set null', onUpdate: 'set default', match: 'full' })
  })
})

describe('conflict clauses', () => {
  test('belong to the constraint that they follow', () => {
    const { columns, primaryKey, uniqueConstraints } = parsed(
      'a not null on conflict ignore primary key on conflict replace, b unique on conflict fail unique, c null on conflict abort',
    )
    expect(columns.map(({ notNullOnConflict }) => notNullOnConflict)).toEqual(['ignore', null, null])
    expect(primaryKey?.onConflict).toBe('replace')
    expect(uniqueConstraints.map(({ onConflict }) => onConflict)).toEqual(['fail', null])
  })
})

test('a default is an expression, even where SQLite takes a bare word for a text', () => {
  const { columns } = parsed(`a default foo, b default "it's", c default (1 + 2), d default -1, e default true, f default 'x', g`)
  expect(columns.map((column) => column.default)).toEqual(["'foo'", "'it''s'", '1 + 2', '-1', 'true', "'x'", null])
})

test('a generated column has its expression and how it is kept', () => {
  const { columns } = parsed('a, b as (a + 1), c int generated always as ( a * 2 ) stored, d as (a) virtual')
  expect(columns.map(({ generated }) => generated)).toEqual([
    null,
    { expression: 'a + 1', stored: false },
    { expression: 'a * 2', stored: true },
    { expression: 'a', stored: false },
  ])
})

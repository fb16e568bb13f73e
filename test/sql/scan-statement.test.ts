import { describe, expect, test } from 'vitest'
import { scanStatement } from '../../src/sql/scan-statement.ts'

describe('the verb', () => {
  test.each([
    ['SELECT 1', 'select'],
    ['  -- first\n /* then */ Insert into t values (1)', 'insert'],
    ['\ufeffselect 1', 'select'],
    ['; ; update t set a = 1', 'update'],
    ['with a as (select 1) select * from a', 'select'],
    ['WITH RECURSIVE c(i) AS (values (1) union all select i + 1 from c) INSERT INTO t SELECT i FROM c', 'insert'],
    ['with a as not materialized (select (1)), b(x, y) as (select 1, 2) delete from t', 'delete'],
    ['with replace as (select 1) update t set a = 1', 'update'],
    ['with "a" as (select \'(\') values (1)', 'values'],
    ['with a as (select 1)', 'with'],
    ['explain query plan select 1', 'explain'],
    ['pragma user_version', 'pragma'],
    ['(select 1)', ''],
    ['', ''],
    ['select 1; delete from t', 'select'],
  ])('of %j is %j', (sql, verb) => {
    expect(scanStatement(sql).verb).toBe(verb)
  })
})

describe('the count of statements', () => {
  const trigger = "create trigger t after insert on x begin update x set a = case when 1 then 2 end; insert into y values (';'); end"
  test.each([
    ['', 0],
    [' \n', 0],
    ['-- only this', 0],
    ['/* only this', 0],
    [';;', 0],
    ['select 1', 1],
    ['select 1;', 1],
    ['select 1; -- done', 1],
    ['select 1 /* a; b */; /* c', 1],
    ['select \';\', ";", `;`, [;]', 1],
    ["select 'it''s; one'", 1],
    ['select 1; select 2', 2],
    ['select 1; ?', 2],
    ['select 1 /', 1],
    ['/*', 0],
    ['select 1;/*', 1],
    [trigger, 1],
    [`${trigger};`, 1],
    [`${trigger}; select 1`, 2],
    [`explain ${trigger}; select 1;`, 2],
    [trigger.replace('trigger', 'TEMP TRIGGER'), 1],
    [trigger.replace('trigger', '/* x */ temporary -- y\n trigger if not exists'), 1],
    ['create table trigger_log (a); select 1', 2],
    ['begin; select 1; end; select 2', 4],
  ])('of %j is %d', (sql, statements) => {
    expect(scanStatement(sql).statements).toBe(statements)
  })
})

describe('placeholders', () => {
  test.each([
    ['select 1', 'none', [], 0],
    ['select ?, ?', 'anonymous', [], 2],
    ['select ?2, ?1, ?2', 'numbered', ['1', '2'], 2],
    ['select $10, $9', 'numbered', ['9', '10'], 2],
    ['select :1', 'numbered', ['1'], 1],
    ['select :b, @a, $b, #c', 'named', ['b', 'a', 'c'], 3],
    ['select :é_1$x', 'named', ['é_1$x'], 1],
    ["select '?', \"?\", `:a`, [@b], ':c', -- ?\n /* ? */ ?", 'anonymous', [], 1],
    ["select 'it''s ?', ?", 'anonymous', [], 1],
    ["select data -> '$.a' ->> 'b', ?", 'anonymous', [], 1],
    ['select a::text, b := 1', 'none', [], 0],
    ['select :a::text', 'named', ['a'], 1],
    ['select a$b, x9$1', 'none', [], 0],
    ['select 1e5, 0x1F, 1.5, ?', 'anonymous', [], 1],
    ["select x'00', ?", 'anonymous', [], 1],
    ['select ?, :a', 'mixed', ['a'], 2],
    ['select ?, ?1', 'mixed', ['1'], 2],
    ['select ?1, :a', 'mixed', ['1', 'a'], 2],
    ['select ?1, $1', 'mixed', ['1'], 1],
    ['select :1, @2, $1', 'numbered', ['1', '2'], 2],
    ["select '?", 'none', [], 0],
    ['select 1 - ?', 'anonymous', [], 1],
    ['select : , @, $', 'none', [], 0],
  ])('of %j are %s %j, %d in all', (sql, style, names, count) => {
    expect(scanStatement(sql)).toMatchObject({ style, names, count })
  })
})

describe('what may stay on the connection', () => {
  test.each([
    'select 1',
    'values (1)',
    'with a as (select 1) insert into t select * from a',
    'replace into t values (1)',
    'update t set a = 1 returning *',
    'delete from t',
    'explain pragma user_version',
    'reindex',
    'analyze',
    'create table t (a)',
    'create index i on t (a)',
    "create table templates (temperature, note default 'temporal')",
    'drop table t',
    'alter table t add column b',
    '',
  ])('nothing of %j', (sql) => {
    expect(scanStatement(sql).connectionState).toBe(false)
  })

  test.each([
    'begin',
    'commit',
    'rollback',
    'savepoint a',
    'release a',
    'pragma foreign_keys = off',
    "attach 'x' as y",
    'detach y',
    'vacuum',
    'create temp table t (a)',
    'CREATE TEMPORARY VIEW v AS SELECT 1',
    'create table temp.t (a)',
    'create table "temp".t (a)',
    'create table [Temp].t (a)',
    "create table 'temp'.t (a)",
    'drop table `temporary`.t',
    'select 1; select 2',
    'with a as (select 1)',
    '(select 1)',
  ])('something of %j', (sql) => {
    expect(scanStatement(sql).connectionState).toBe(true)
  })
})

test('the result is frozen: it is handed to many', () => {
  const scanned = scanStatement('select :a')
  expect(Object.isFrozen(scanned)).toBe(true)
  expect(Object.isFrozen(scanned.names)).toBe(true)
})

test('a text of a million characters takes its length, not its square', () => {
  const started = performance.now()
  for (const piece of ["''", '?,', ':a,', '(', '/*', '--', "'", '"', '[', '$', '-', 'temp ', ';', '::'])
    scanStatement(piece.repeat(500_000))
  expect(performance.now() - started).toBeLessThan(10_000)
})

import { describe, expect, test } from 'vitest'
import type { DialectName } from '../../src/sql/dialect.ts'
import { scanStatement } from '../../src/sql/scan-statement.ts'

type Texts = readonly (readonly [dialect: DialectName, ...texts: readonly string[]])[]

/** One row for each text. */
const rows = (texts: Texts) => texts.flatMap(([dialect, ...all]) => all.map((sql) => [dialect, sql] as const))

describe('the verb', () => {
  test.each([
    ['postgresql', '((select 1) union select 2)', 'select'],
    ['postgresql', 'with a as (select 1), b as materialized (select 2) delete from t', 'delete'],
    ['postgresql', 'with a as (insert into t values (1) returning *) select * from a', 'select'],
    ['postgresql', 'with recursive a(x) as (select 1) search depth first by x set update values (1)', 'values'],
    ['postgresql', "with recursive a as (select 1) cycle x set y to 'Y' default 'N' using path merge into t using a on true", 'merge'],
    ['postgresql', '(with a as (select 1) table a)', 'table'],
    ['postgresql', 'with insert as (select 1) update t set a = 1', 'update'],
    ['postgresql', '/* select */ -- insert\n UPDATE t set a = 1', 'update'],
    ['postgresql', 'with "a" as (select 1)', 'with'],
    ['mysql', '/*!40101 SET names utf8mb4 */', 'set'],
    ['mysql', '# select\n Replace into t values (1)', 'replace'],
    ['mysql', 'with a as (select 1) update t, a set t.a = 1', 'update'],
    ['mysql', "'select'", ''],
    ['mysql', '', ''],
  ] as const)('in %s of %j is %j', (dialect, sql, verb) => {
    expect(scanStatement(sql, dialect).verb).toBe(verb)
  })
})

describe('what writes', () => {
  const writing: Texts = [
    [
      'sqlite',
      'insert into t values (1)',
      'replace into t values (1)',
      'vacuum',
      'with a as (select 1) delete from t',
      'create table t (a)',
    ],
    ['postgresql', 'merge into t using s on true when matched then delete', 'truncate t', 'copy t from stdin', 'grant all on t to u'],
    ['postgresql', 'with a as (delete from t returning *) select * from a', 'with a as (with b as (select 1) update t set a = 1) select 1'],
    ['postgresql', 'with a as (insert into t values (1)) table t', 'with a as (merge into t using s on true) values (1)'],
    [
      'postgresql',
      'select 1 into t',
      'select 1 into temp t',
      'call p()',
      'do $$ $$',
      'refresh materialized view v',
      'comment on table t is null',
    ],
    [
      'postgresql',
      'select * from t for update',
      'select * from t for no key update skip locked',
      'select * from t for share',
      'table t for key share',
    ],
    [
      'postgresql',
      'explain analyze delete from t',
      'explain (analyze, buffers) insert into t values (1)',
      "select nextval('s')",
      'select lo_creat(-1)',
    ],
    ['mysql', 'insert into t values (1)', 'load data infile "x" into table t', 'rename table a to b', 'optimize table t', 'call p()'],
    ['mysql', 'select * from t for update', 'select * from t lock in share mode', 'select * from t for share', 'select 1 into outfile "x"'],
    [
      'mysql',
      'select a into @x from t',
      'explain analyze delete from t',
      'analyze table t',
      'analyze update t set a = 1',
      'select next value for s',
    ],
    ['mysql', 'begin not atomic delete from t; end', 'if 1 then delete from t; end if', '/*! delete from t */', 'select 1; delete from t'],
  ]
  test.each(rows(writing))('in %s: %j', (dialect, sql) => {
    expect(scanStatement(sql, dialect).writes).toBe(true)
  })

  const reading: Texts = [
    ['sqlite', 'select 1', 'values (1)', 'explain delete from t', 'begin', 'pragma user_version', 'commit', ''],
    [
      'postgresql',
      'select 1',
      'table t',
      'values (1)',
      'show all',
      'explain delete from t',
      'explain analyze select 1',
      'begin',
      'set a = 1',
      '',
    ],
    [
      'postgresql',
      'select \'into\', "into", t.into, $$ for update $$ from t -- for update',
      'with a as (select 1) select * from a',
      'listen x',
    ],
    ['postgresql', 'select substring(a from 1 for 2), insert, "update" from t', 'with delete as (select 1) select * from delete', 'commit'],
    [
      'mysql',
      'select 1',
      'table t',
      'show tables',
      'desc t',
      'explain delete from t',
      'explain analyze select 1',
      'begin',
      'set @a = 1',
      '',
    ],
    [
      'mysql',
      'select \'into\', `into`, "for update" /* for update */ from t # into',
      'with a as (select 1) select * from a',
      'select replace(a, 1, 2)',
    ],
  ]
  test.each(rows(reading))('and what does not, in %s: %j', (dialect, sql) => {
    expect(scanStatement(sql, dialect).writes).toBe(false)
  })
})

describe('what may stay on the connection', () => {
  const leaving: Texts = [
    [
      'postgresql',
      'set search_path = x',
      'reset all',
      'listen x',
      'prepare p as select 1',
      'deallocate p',
      'declare c cursor for select 1',
      'call p()',
    ],
    [
      'postgresql',
      'create temp table t (a int)',
      'CREATE TEMPORARY view v as select 1',
      'create table pg_temp.t (a int)',
      'create table "pg_temp".t (a int)',
    ],
    [
      'postgresql',
      'select 1 into temp t',
      'select 1 into pg_temp.t',
      "select set_config('a.b', 'c', false)",
      'select pg_catalog.set_config($1, $2, $3)',
    ],
    [
      'postgresql',
      'select pg_advisory_lock(1)',
      'select pg_try_advisory_lock_shared(1)',
      'select "pg_advisory_unlock"(1)',
      'update t set a = setseed(0.5)',
    ],
    [
      'postgresql',
      "select dblink_connect('x')",
      'select lo_open(1, 2)',
      'begin',
      'commit',
      'select 1; select 2',
      'explain analyze create temp table t as select 1',
    ],
    [
      'mysql',
      'set names utf8mb4',
      'use test',
      'begin',
      'lock tables t read',
      'create temporary table t (a int)',
      'drop temporary table t',
      'call p()',
    ],
    [
      'mysql',
      'select @a := 1',
      'select 1 into @a',
      'select get_lock("a", 1)',
      'do release_lock("a")',
      'select `GET_LOCK`("a", 1)',
      'xa start "x"',
      'update t set a = (@a := a)',
    ],
    [
      'mysql',
      '/*!40101 set names utf8 */',
      'handler t open',
      'prepare p from "select 1"',
      'begin not atomic set @a = 1; end',
      'select 1; select 2',
    ],
  ]
  test.each(rows(leaving))('in %s: something of %j', (dialect, sql) => {
    expect(scanStatement(sql, dialect).connectionState).toBe(true)
  })

  const clean: Texts = [
    [
      'postgresql',
      'select 1',
      'insert into t values (1)',
      'merge into t using s on true when matched then delete',
      'with a as (select 1) select * from a',
    ],
    [
      'postgresql',
      'table t',
      'explain analyze select 1',
      'show all',
      'vacuum',
      'refresh materialized view v',
      'create table t (a int)',
      'truncate t',
      '',
    ],
    [
      'postgresql',
      'select temp, temporary, pg_temp from t',
      'create table "temp" (a int)',
      "select 'set_config', $$ pg_advisory_lock $$ -- lo_open",
    ],
    [
      'postgresql',
      'select pg_advisory_xact_lock(1)',
      'select pg_try_advisory_xact_lock(1)',
      'select lo_revenue from lineorder',
      'copy t to stdout',
    ],
    [
      'mysql',
      'select 1',
      'replace into t values (1)',
      'create table t (a int)',
      'show tables',
      'select last_insert_id(5)',
      'update t set id = last_insert_id(id + 1)',
    ],
    [
      'mysql',
      'select temporary from t',
      "select ':=', `into`, 'into @x' from `get_lock_` /* := */",
      'select @a, @@version',
      'truncate t',
      'select is_free_lock("a")',
      '',
    ],
  ]
  test.each(rows(clean))('in %s: nothing of %j', (dialect, sql) => {
    expect(scanStatement(sql, dialect).connectionState).toBe(false)
  })
})

describe('what a statement does to a transaction', () => {
  test.each([
    ['sqlite', 'begin', ['begin immediate', 'BEGIN']],
    ['sqlite', 'end', ['commit', 'end', 'rollback', 'rollback transaction']],
    ['sqlite', 'savepoint', ['savepoint a', 'release a', 'rollback to a', 'rollback transaction to savepoint a']],
    ['sqlite', 'none', ['select 1', 'start transaction', 'abort', '']],
    ['postgresql', 'begin', ['begin', 'begin isolation level serializable', 'start transaction read only', '/* x */ BEGIN work']],
    [
      'postgresql',
      'end',
      ['commit', 'end', 'abort', 'rollback', 'commit and chain', 'rollback work and no chain', "prepare transaction 'x'"],
    ],
    ['postgresql', 'savepoint', ['savepoint a', 'release a', 'rollback to a', 'rollback work to savepoint a', 'ROLLBACK TRANSACTION TO a']],
    [
      'postgresql',
      'none',
      ["commit prepared 'x'", "rollback prepared 'to'", 'prepare p as select 1', 'select 1', 'set transaction read only'],
    ],
    ['mysql', 'begin', ['begin', 'begin work', 'start transaction with consistent snapshot', "xa start 'x'", "xa begin 'x'"]],
    ['mysql', 'end', ['commit', 'rollback', 'commit and chain', "xa end 'x'", "xa prepare 'x'", "xa commit 'x'", "xa rollback 'x'"]],
    ['mysql', 'savepoint', ['savepoint a', 'release savepoint a', 'rollback to a', 'rollback work to savepoint a']],
    [
      'mysql',
      'none',
      ['begin not atomic select 1; end', 'start slave', 'xa recover', 'end', 'create procedure p() begin commit; end', 'select 1'],
    ],
  ] as const)('in %s is %s', (dialect, transaction, texts) => {
    for (const sql of texts) expect(scanStatement(sql, dialect).transaction, sql).toBe(transaction)
  })
})

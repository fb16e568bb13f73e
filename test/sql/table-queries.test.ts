import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dialectFor } from '../../src/sql/dialect.ts'
import { hasTableQuery, tableNamesQuery } from '../../src/sql/table-queries.ts'
import { connectMysql, connectPostgresql, type ParsingServer } from './servers.ts'

describe('SQLite', () => {
  const database = new Database(':memory:')
  database.exec(`create table "B" (a integer primary key autoincrement); create table a (x); create view v as select 1;
    attach ':memory:' as "other;"; create table "other;".o (x); create temp table t (x)`)
  afterAll(() => database.close())
  const hasTable = (name: string, schema?: string) => {
    const { sql, values } = hasTableQuery(dialectFor('sqlite'), name, schema)
    return database.prepare(sql).get(...values) !== undefined
  }
  const tableNames = (schema?: string) =>
    database
      .prepare(tableNamesQuery(dialectFor('sqlite'), schema).sql)
      .pluck()
      .all()

  test('has the tables and views of its main database, in any case', () => {
    expect(['a', 'b', 'V'].filter((name) => hasTable(name))).toEqual(['a', 'b', 'V'])
    expect(['t', 'o', 'sqlite_schema', "a' or 1=1 --", ''].filter((name) => hasTable(name))).toEqual([])
    expect([hasTable('o', 'other;'), hasTable('a', 'other;'), hasTable('t', 'temp')]).toEqual([true, false, true])
  })

  test('names its tables, neither views nor its own', () => {
    expect(tableNames()).toEqual(['B', 'a'])
    expect(tableNames('other;')).toEqual(['o'])
    expect(() => tableNames('')).toThrow('identifier')
  })
})

const odd = `it's "odd" \` ? :a é %_\\`

describe('PostgreSQL', () => {
  const [first, second, hidden] = ['one', 'Two', 'hidden'].map((name) => `offloop_${name}_${process.pid}`) as [string, string, string]
  let server: ParsingServer
  beforeAll(async () => {
    server = await connectPostgresql()
    if (server.missing !== undefined) return
    for (const schema of [first, second, hidden]) await server.query(`create schema "${schema}"`)
    await server.query(`set search_path = "${first}", "${second}"`)
    for (const text of [
      ...[`create table "b" (a int)`, `create table "A" (a int)`, `create table "${odd.replaceAll('"', '""')}" (a int)`],
      ...['create table parts (a int) partition by list (a)', 'create view v as select 1', 'create materialized view m as select 1'],
      ...['create sequence s', 'create index i on b (a)', `create table "${'é'.repeat(40)}" (a int)`],
      ...[`create table "${second}".b (a int)`, `create table "${second}".c (a int)`, `create table "${hidden}".d (a int)`],
    ])
      await server.query(text)
  })
  afterAll(async () => {
    if (server.missing === undefined) for (const schema of [first, second, hidden]) await server.query(`drop schema "${schema}" cascade`)
    await server.close()
  })
  const hasTable = async (name: string, schema?: string) => {
    const { sql, values } = hasTableQuery(dialectFor('postgresql'), name, schema)
    return (await server.query(sql, values)).length === 1
  }
  const tableNames = async (schema?: string) => {
    const { sql, values } = tableNamesQuery(dialectFor('postgresql'), schema)
    return (await server.query(sql, values)).flat()
  }

  test('has the tables and views of its search path, by their exact names', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    for (const name of ['b', 'A', 'parts', 'v', 'm', 'c', odd, 'é'.repeat(40)]) expect(await hasTable(name), name).toBe(true)
    for (const name of ['B', 'a', 's', 'i', 'd', 'pg_class', 'tables', "b' or true --", '']) expect(await hasTable(name), name).toBe(false)
  })

  test('has those of a schema that is named', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    expect([await hasTable('d', hidden), await hasTable('b', second), await hasTable('pg_class', 'pg_catalog')]).toEqual([true, true, true])
    expect([await hasTable('v', second), await hasTable('c', second.toLowerCase()), await hasTable('c', '')]).toEqual([false, false, false])
  })

  test('names its tables', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    expect(await tableNames()).toEqual(['A', 'b', 'c', odd, 'parts', 'é'.repeat(31)])
    expect(await tableNames(second)).toEqual(['b', 'c'])
    expect(await tableNames('no such schema')).toEqual([])
  })

  test('shows the tables of the connection itself', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    await server.query('create temp table of_connection (a int)')
    expect(await hasTable('of_connection')).toBe(true)
    await server.query('drop table of_connection')
  })
})

describe('MySQL', () => {
  const [first, second] = ['one', 'Two'].map((name) => `offloop_${name}_${process.pid}`) as [string, string]
  let server: ParsingServer
  beforeAll(async () => {
    server = await connectMysql()
    if (server.missing !== undefined) return
    for (const text of [
      ...[`create database \`${first}\``, `create database \`${second}\``, `use \`${first}\``],
      ...[
        'create table b (a int)',
        'create table c (a int)',
        'create view v as select 1',
        `create table \`${odd.replaceAll('`', '``')}\` (a int)`,
      ],
      ...[`create table \`${second}\`.d (a int)`, `create table \`${second}\`.résumé (a int)`],
    ])
      await server.query(text)
  })
  afterAll(async () => {
    if (server.missing === undefined) for (const schema of [first, second]) await server.query(`drop database \`${schema}\``)
    await server.close()
  })
  const hasTable = async (name: string, schema?: string) => {
    const { sql, values } = hasTableQuery(dialectFor('mysql'), name, schema)
    return (await server.query(sql, values)).length === 1
  }
  const tableNames = async (schema?: string) => {
    const { sql, values } = tableNamesQuery(dialectFor('mysql'), schema)
    return (await server.query(sql, values)).flat()
  }

  test('has the tables and views of its current database', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    for (const name of ['b', 'c', 'v', odd]) expect(await hasTable(name), name).toBe(true)
    for (const name of ['d', 'b ', 'user', "b' or 1 -- ", '', 'i', '😀', '?']) expect(await hasTable(name), name).toBe(false)
  })

  test('has those of another database, by their exact names', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    expect([await hasTable('d', second), await hasTable('résumé', second)]).toEqual([true, true])
    expect([await hasTable('resume', second), await hasTable('b', second), await hasTable('d', '')]).toEqual([false, false, false])
  })

  test('compares capitals as the server does', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    const [[sensitive]] = (await server.query('select @@lower_case_table_names = 0')) as [[number]]
    expect(await hasTable('B')).toBe(sensitive === 0)
    expect(await hasTable('d', second.toUpperCase())).toBe(sensitive === 0)
  })

  test('names its tables', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    expect(await tableNames()).toEqual(['b', 'c', odd])
    expect(await tableNames(second)).toEqual(['d', 'résumé'])
    expect(await tableNames('no such database')).toEqual([])
  })

  test('has no names beyond U+FFFF', async ({ skip }) => {
    skip(server.missing !== undefined, server.missing)
    expect([await hasTable('😀'), await hasTable('b', '😀'), await tableNames('😀')]).toEqual([false, false, []])
  })
})

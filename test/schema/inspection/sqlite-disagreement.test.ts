import { expect, test } from 'vitest'
import { NotSupportedError } from '../../../src/errors.ts'
import { describeTables } from '../../../src/schema/inspection/sqlite/describe-tables.ts'
import type { SchemaRows } from '../../../src/schema/inspection/sqlite/schema-query.ts'

const owner = { schema: 'main', owner: 't' }
const column = { ...owner, cid: 0, name: 'a', type: '', notnull: 0, pk: 0, hidden: 0 }
const foreignKey = { ...owner, id: 0, seq: 0, table: 'p', from: 'a', to: null }
const index = { ...owner, seq: 0, name: 'sqlite_autoindex_t_1', unique: 1, origin: 'u', sql: null } as const
const member = { ...owner, index: index.name, seqno: 0, cid: 0, name: 'a', desc: 0, coll: 'BINARY' }

/** What SQLite might say about a table `t` of one column, beside its text. */
function described(sql: string, rows: Partial<SchemaRows> = {}) {
  const table = { ...owner, type: 'table', wr: 0, strict: 0, sql } as const
  const none = { 'foreign key': [], 'parent key': [], index: [], member: [], trigger: [] }
  return describeTables({ table: [table], column: [column], ...none, ...rows }, { unreadable: [], named: false })
}

test('what SQLite and the text say alike is described', () => {
  expect(described('create table t (a)')).toMatchObject([{ name: 't', columns: [{ name: 'a' }] }])
  expect(
    described('create table t (a references p unique)', { 'foreign key': [foreignKey], index: [index], member: [member] }),
  ).toMatchObject([{ foreignKeys: [{ columns: ['a'] }], uniqueConstraints: [{ columns: ['a'] }] }])
})

test.for<readonly [what: string, sql: string, rows?: Partial<SchemaRows>]>([
  ['columns', 'create table t (b)'],
  ['columns', 'create table t (a, b)'],
  ['primary key', 'create table t (a primary key)'],
  ['primary key', 'create table t (a)', { column: [{ ...column, pk: 1 }] }],
  ['foreign keys', 'create table t (a references p)'],
  ['foreign keys', 'create table t (a)', { 'foreign key': [foreignKey] }],
  ['foreign keys', 'create table t (a references q)', { 'foreign key': [foreignKey] }],
  ['unique constraints', 'create table t (a)', { index: [index], member: [member] }],
  ['unique constraints', 'create table t (a, unique (a collate nocase))', { index: [index], member: [member], column: [column] }],
  ['indexes', 'create table t (a)', { index: [{ ...index, origin: 'c' }], member: [member] }],
])('where they say different things of the %s of %s nothing is described', ([what, sql, rows]) => {
  expect(() => described(sql, rows)).toThrow(NotSupportedError)
  expect(() => described(sql, rows)).toThrow(`SQLite knows other ${what} of table "t"`)
})

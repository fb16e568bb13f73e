import { expect, test } from 'vitest'
import { ArgumentError } from '../../src/errors.ts'
import { type BeginSettings, beginStatements } from '../../src/sql/begin.ts'
import { dialectFor } from '../../src/sql/dialect.ts'
import { scanStatement } from '../../src/sql/scan-statement.ts'
import { connectMysql, connectPostgresql } from './servers.ts'

const cases: readonly (readonly [BeginSettings, sqlite: string, postgresql: string, mysql: string])[] = [
  [{}, 'begin immediate', 'begin', 'start transaction'],
  [{ mode: 'exclusive' }, 'begin exclusive', 'begin', 'start transaction'],
  [{ mode: 'deferred', readonly: false }, 'begin deferred', 'begin', 'start transaction'],
  [{ readonly: true }, 'begin deferred', 'begin read only', 'start transaction read only'],
  [
    { isolationLevel: 'serializable' },
    'begin immediate',
    'begin isolation level serializable',
    'set transaction isolation level serializable; start transaction',
  ],
  [
    { isolationLevel: 'repeatable read', readonly: true },
    'begin deferred',
    'begin isolation level repeatable read read only',
    'set transaction isolation level repeatable read; start transaction read only',
  ],
  [
    { isolationLevel: 'read uncommitted' },
    'begin immediate',
    'begin isolation level read uncommitted',
    'set transaction isolation level read uncommitted; start transaction',
  ],
  [
    { isolationLevel: 'read committed', mode: 'immediate' },
    'begin immediate',
    'begin isolation level read committed',
    'set transaction isolation level read committed; start transaction',
  ],
]

test.each(cases)('a transaction with %j begins', (settings, sqlite, postgresql, mysql) => {
  expect(beginStatements(dialectFor('sqlite'), settings).join('; ')).toBe(sqlite)
  expect(beginStatements(dialectFor('postgresql'), settings).join('; ')).toBe(postgresql)
  expect(beginStatements(dialectFor('mysql'), settings).join('; ')).toBe(mysql)
})

test.each([
  { mode: 'later' },
  { mode: 'immediate; drop table t' },
  { isolationLevel: 'snapshot' },
  { isolationLevel: 'serializable; drop table t' },
])('%j is refused: it would become part of the text', (settings) => {
  for (const name of ['sqlite', 'postgresql', 'mysql'] as const) {
    expect(() => beginStatements(dialectFor(name), settings as BeginSettings)).toThrow(ArgumentError)
  }
})

test.for([
  ['postgresql', connectPostgresql],
  ['mysql', connectMysql],
] as const)('the server of %s takes them, and keeps a read-only transaction from writing', async ([dialect, connect], { skip }) => {
  const server = await connect()
  skip(server.missing !== undefined, server.missing)
  const table = `offloop_begin_${process.pid}`
  await server.query(`create table ${table} (a int)`)
  try {
    for (const [settings] of cases) {
      const statements = beginStatements(dialectFor(dialect), settings)
      expect(scanStatement(statements.at(-1) ?? '', dialect).transaction).toBe('begin')
      for (const sql of statements) await server.query(sql)
      const written = server.query(`insert into ${table} values (1)`)
      if (settings.readonly === true) await expect(written).rejects.toThrow(/read.only/i)
      else await written
      await server.query('rollback')
    }
    expect(await server.query(`select * from ${table}`)).toEqual([])
  } finally {
    await server.query(`drop table ${table}`)
    await server.close()
  }
})

test('the server of postgresql has the isolation level that was asked for', async ({ skip }) => {
  const server = await connectPostgresql()
  skip(server.missing !== undefined, server.missing)
  for (const isolationLevel of ['serializable', 'repeatable read', 'read committed', 'read uncommitted'] as const) {
    for (const sql of beginStatements(dialectFor('postgresql'), { isolationLevel })) await server.query(sql)
    expect(await server.query('show transaction_isolation')).toEqual([[isolationLevel]])
    await server.query('rollback')
  }
  await server.close()
})

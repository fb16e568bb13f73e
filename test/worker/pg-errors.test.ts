import { beforeEach, expect, test } from 'vitest'
import type { WireError } from '../../src/protocol/wire-error.ts'
import { query, rowsOf, wireErrorOf } from './open-driver.ts'
import { changesOf, firstValue, openPg, skipWithoutPostgres, usePostgres } from './open-pg.ts'

usePostgres()
beforeEach(skipWithoutPostgres)

const SCHEMA = `
  create table users (id int primary key, email text not null, org text, age int constraint adult check (age >= 18), unique (email, org));
  create unique index lower_email on users (lower(email));
  create table pets (owner int constraint owned references users (id));
  create table "odd, name" ("a.b" text, "c""d, e" text, constraint "odd )=( key" unique ("a.b", "c""d, e"));
  create table booked (during int4range, exclude using gist (during with &&));
  create view adults as select * from users where age > 20 with check option;
  create table folders (id int primary key, parent int references folders (id) on delete restrict);
  insert into users values (1, 'canary', 'x', 20);
  insert into pets values (1);
  insert into folders values (1, null), (2, 1);
  insert into "odd, name" values ('canary', 'canary');
  insert into booked values ('[1,5)');
`

test.each<[sql: string, expected: Partial<WireError>]>([
  ["insert into users values (1, 'b', 'y', 20)", { driverCode: '23505', constraint: 'users_pkey', table: 'users', columns: ['id'] }],
  [
    "insert into users values (2, 'canary', 'x', 20)",
    { driverCode: '23505', constraint: 'users_email_org_key', table: 'users', columns: ['email', 'org'] },
  ],
  ["insert into users values (2, 'CANARY', 'y', 20)", { driverCode: '23505', constraint: 'lower_email', table: 'users' }],
  ["insert into users values (2, null, 'y', 20)", { driverCode: '23502', table: 'users', columns: ['email'] }],
  ["insert into users values (2, ')=(canary', 'y', 3)", { driverCode: '23514', constraint: 'adult', table: 'users' }],
  ['insert into pets values (77)', { driverCode: '23503', constraint: 'owned', table: 'pets', columns: ['owner'] }],
  ['delete from users where id = 1', { driverCode: '23503', constraint: 'owned', table: 'pets' }],
  ['update folders set parent = 7', { driverCode: '23503', constraint: 'folders_parent_fkey', table: 'folders', columns: ['parent'] }],
  ['delete from folders where id = 1', { driverCode: '23503', constraint: 'folders_parent_fkey', table: 'folders' }],
  [
    `insert into "odd, name" values ('canary', 'canary')`,
    { driverCode: '23505', constraint: 'odd )=( key', table: 'odd, name', columns: ['a.b', 'c"d, e'] },
  ],
  ["insert into booked values ('[3,9)')", { driverCode: '23P01', constraint: 'booked_during_excl', table: 'booked', columns: ['during'] }],
  ["insert into adults values (3, 'canary 3', 'z', 19)", { driverCode: '44000' }],
])('%s: integrity %o', async (sql, expected) => {
  const connection = await openPg()
  await connection.script(SCHEMA)
  const error = await wireErrorOf(connection, () => changesOf(connection, sql))
  expect(error).toMatchObject({ family: 'integrity', retryable: false, ...expected })
  const { constraint, table, columns } = error
  expect({ constraint, table, columns }).toEqual({ constraint: expected.constraint, table: expected.table, columns: expected.columns })
  expect(JSON.stringify(error).toLowerCase()).not.toContain('canary')
  expect(structuredClone(error)).toEqual(error)
  expect(error.cause).toMatchObject({ message: error.message, code: expected.driverCode })
})

test.each<[sql: string, family: string, driverCode: string]>([
  ['selekt', 'programming', '42601'],
  ['select 1; select 2', 'programming', '42601'],
  ['select * from nowhere', 'programming', '42P01'],
  ['select nothing', 'programming', '42703'],
  ["select 'x'::no_such_type", 'programming', '42704'],
  ['create schema pg_mine', 'programming', '42939'],
  ['execute nothing', 'programming', '26000'],
  ['fetch nothing', 'programming', '34000'],
  ['select 1 / 0', 'data', '22012'],
  ["select 'x'::text::int", 'data', '22P02'],
  ['select 3000000000::int8::int4', 'data', '22003'],
  ["select repeat('x', 2000000000)::text || repeat('y', 2000000000)", 'data', '54000'],
  ['select * from (values (1), (2)) t where 1 = (select * from (values (1), (2)) u)', 'programming', '21000'],
  ['vacuum full pg_nothing', 'programming', '42P01'],
  ['select pg_terminate_backend(1, -1)', 'data', '22003'],
])('%s: %s', async (sql, family, driverCode) => {
  const connection = await openPg()
  const error = await wireErrorOf(connection, async () => {
    const statement = await connection.prepare(sql, null)
    await (statement.returnsRows ? rowsOf(statement) : statement.run([]))
  })
  expect(error).toMatchObject({ family, driverCode, retryable: false })
  expect(await firstValue(connection, 'select 1')).toBe(1n)
})

test('what a function of the database raises keeps its code', async () => {
  const connection = await openPg()
  const raise = (code: string) =>
    wireErrorOf(connection, () => connection.script(`do $$ begin raise exception 'no' using errcode = '${code}'; end $$`))
  expect(await raise('P0001')).toMatchObject({ family: 'internal', driverCode: 'P0001', message: 'no' })
  const codes: readonly (readonly [string, string, boolean])[] = [
    ['40001', 'operational', true],
    ['40P01', 'operational', true],
    ['55P03', 'operational', true],
    ['55006', 'operational', false],
    ['53300', 'operational', true],
    ['53200', 'operational', false],
    ['57P01', 'operational', true],
    ['57014', 'operational', false],
    ['42501', 'operational', false],
    ['28P01', 'operational', false],
    ['08006', 'operational', true],
    ['0A000', 'notSupported', false],
    ['25P02', 'transactionAborted', false],
    ['25001', 'internal', false],
    ['XX000', 'internal', false],
    ['ZZZZZ', 'internal', false],
  ]
  for (const [code, family, retryable] of codes) expect(await raise(code)).toMatchObject({ family, driverCode: code, retryable })
})

test('two transactions that wait for each other: one of them is told to try again', async () => {
  const [first, second] = [await openPg(), await openPg()]
  await first.script('create table t (a int); insert into t values (1), (2)')
  await first.script("begin; set local deadlock_timeout = '50ms'; update t set a = 1 where a = 1")
  await second.script("begin; set local deadlock_timeout = '50ms'; update t set a = 2 where a = 2")
  const results = await Promise.allSettled([
    first.script('update t set a = 2 where a = 2'),
    second.script('update t set a = 1 where a = 1'),
  ])
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [first.toWireError(result.reason)] : []))
  expect(failures).toMatchObject([{ family: 'operational', driverCode: '40P01', retryable: true }])
})

test('a lock that is not waited for', async () => {
  const [first, second] = [await openPg(), await openPg()]
  await first.script('create table t (a int); insert into t values (1)')
  await first.script('begin; select * from t for update')
  expect(await wireErrorOf(second, () => query(second, 'select * from t for update nowait'))).toMatchObject({
    family: 'operational',
    driverCode: '55P03',
    retryable: true,
  })
})

test("an error that is not the database's is the user's own", async () => {
  const connection = await openPg()
  expect(connection.toWireError(new RangeError('mine'))).toMatchObject({ family: 'user', message: 'mine' })
  expect(connection.toWireError(Object.assign(new Error('no file'), { code: 'ENOENT' }))).toMatchObject({ family: 'user' })
  expect(connection.toWireError('text')).toMatchObject({ family: 'user' })
})

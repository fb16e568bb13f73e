import { describe, expect, test } from 'vitest'
import { codeName } from '../../worker/drivers/sqlite-codes.ts'
import { driverNames, firstRow, openDriver, query, temporaryFile, wireErrorOf } from './open-driver.ts'

const SCHEMA = `
  create table users (id integer primary key, email text not null, org text, age int constraint adult check (age >= 18), unique (email, org));
  create table orgs (name);
  create unique index lower_name on orgs (lower(name));
  insert into orgs values ('x');
  create table pets (owner references users (id));
  create table strict_one (n int) strict;
  create table keyed (a, b, primary key (a, b)) without rowid;
  create table "odd, name" ("a.b" unique);
  create trigger no_bob before insert on users when new.email = 'bob' begin select raise(abort, 'no bob: UNIQUE constraint failed: x.y'); end;
  insert into users values (1, 'a', 'x', 20);
`

interface Expected {
  readonly driverCode: string
  readonly message?: string
  readonly constraint?: string
  readonly table?: string
  readonly columns?: readonly string[]
}

describe.each(driverNames)('%s', (name) => {
  test.each<[string, Expected]>([
    ["insert into users values (2, 'a', 'x', 20)", { driverCode: 'SQLITE_CONSTRAINT_UNIQUE', table: 'users', columns: ['email', 'org'] }],
    ["insert into users values (1, 'b', 'y', 20)", { driverCode: 'SQLITE_CONSTRAINT_PRIMARYKEY', table: 'users', columns: ['id'] }],
    ["insert into orgs values ('X')", { driverCode: 'SQLITE_CONSTRAINT_UNIQUE', constraint: 'lower_name' }],
    ['insert into users values (2, null, null, 20)', { driverCode: 'SQLITE_CONSTRAINT_NOTNULL', table: 'users', columns: ['email'] }],
    ["insert into users values (2, 'b', 'y', 3)", { driverCode: 'SQLITE_CONSTRAINT_CHECK', constraint: 'adult' }],
    [
      "insert into users values (2, 'bob', 'y', 20)",
      { driverCode: 'SQLITE_CONSTRAINT_TRIGGER', message: 'no bob: UNIQUE constraint failed: x.y' },
    ],
    ['insert into pets values (77)', { driverCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' }],
    ["insert into strict_one values ('canary')", { driverCode: 'SQLITE_CONSTRAINT_DATATYPE', table: 'strict_one', columns: ['n'] }],
    ['insert into keyed values (1, 2), (1, 2)', { driverCode: 'SQLITE_CONSTRAINT_PRIMARYKEY', table: 'keyed', columns: ['a', 'b'] }],
    // Names that cannot be told apart are not guessed.
    ['insert into "odd, name" values (1), (1)', { driverCode: 'SQLITE_CONSTRAINT_UNIQUE' }],
  ])('%s: integrity %o', async (sql, expected) => {
    const connection = await openDriver(name, undefined, { pragmas: [['foreign_keys', 'ON']] })
    await connection.script(SCHEMA)
    const statement = await connection.prepare(sql, null)
    const error = await wireErrorOf(connection, () => statement.run([]))
    expect(error).toMatchObject({ family: 'integrity', retryable: false, ...expected })
    const { constraint, table, columns } = error
    expect({ constraint, table, columns }).toEqual({ constraint: expected.constraint, table: expected.table, columns: expected.columns })
    expect(JSON.stringify({ ...error, cause: undefined })).not.toContain('canary')
    expect(structuredClone(error)).toEqual(error)
    expect(error.cause).toMatchObject({ message: error.message, stack: expect.stringContaining(error.message) })
  })

  test.each([
    ['selekt', 'programming', 'SQLITE_ERROR'],
    ['select * from nowhere', 'programming', 'SQLITE_ERROR'],
    ['select nothing', 'programming', 'SQLITE_ERROR'],
    ['', 'programming', undefined],
    ['-- nothing', 'programming', undefined],
  ])('preparing %j is refused: %s', async (sql, family, driverCode) => {
    // On Node.js 22 node:sqlite prepares nothing without a word; the user's side has refused it before.
    if (sql !== 'selekt' && name === 'node' && driverCode === undefined) return
    const connection = await openDriver(name)
    const error = await wireErrorOf(connection, () => connection.prepare(sql, null))
    expect(error).toMatchObject({ family, ...(driverCode === undefined ? {} : { driverCode }) })
  })

  test.each([
    ["select json('{')", 'programming', 'SQLITE_ERROR'],
    ['select abs(-9223372036854775807 - 1)', 'programming', 'SQLITE_ERROR'],
    ['select zeroblob(2000000000)', 'data', 'SQLITE_TOOBIG'],
    ['select hex(zeroblob(300000000))', 'data', 'SQLITE_TOOBIG'],
    ['commit', 'programming', 'SQLITE_ERROR'],
    ["insert into t values ('canary')", 'data', 'SQLITE_MISMATCH'],
  ])('running %j fails as %s', async (sql, family, driverCode) => {
    const connection = await openDriver(name)
    await connection.script('create table t (id integer primary key)')
    const statement = await connection.prepare(sql, null)
    const error = await wireErrorOf(connection, () => (statement.returnsRows ? firstRow(statement, []) : statement.run([])))
    expect(error).toMatchObject({ family, driverCode, retryable: false })
    expect(error.message).not.toContain('canary')
  })

  test('a lock is operational and worth another try, with its extended code', async () => {
    const file = temporaryFile()
    const connection = await openDriver(name, file, { busyTimeoutMs: 0, pragmas: [['journal_mode', 'WAL']] })
    const other = await openDriver(name, file, { busyTimeoutMs: 0 })
    await connection.script('create table t (a); begin; select * from t')
    await other.script('insert into t values (1)')
    const stale = await wireErrorOf(connection, () => connection.script('insert into t values (2)'))
    expect(stale).toMatchObject({ family: 'operational', driverCode: 'SQLITE_BUSY_SNAPSHOT', retryable: true })
    await connection.script('rollback; begin immediate')
    const busy = await wireErrorOf(other, () => other.script('begin immediate'))
    expect(busy).toMatchObject({ family: 'operational', driverCode: 'SQLITE_BUSY', retryable: true, message: 'database is locked' })
  })

  test('writing by a read-only connection is operational', async () => {
    const file = temporaryFile()
    await (await openDriver(name, file)).script('create table t (a)')
    const connection = await openDriver(name, file, {
      readonly: true,
      pragmas: [
        ['journal_mode', 'DELETE'],
        ['synchronous', 'FULL'],
      ],
    })
    const error = await wireErrorOf(connection, () => connection.script('insert into t values (1)'))
    expect(error).toMatchObject({ family: 'operational', driverCode: 'SQLITE_READONLY', retryable: false })
  })

  test("an error of the user's own function is the user's", async () => {
    const connection = await openDriver(name)
    const define = Reflect.get(connection.handle, 'function') as (name: string, body: () => unknown) => void
    const functions = {
      boom: () => {
        throw new RangeError('mine')
      },
      odd: () => Symbol('canary'),
    }
    for (const [key, body] of Object.entries(functions)) Reflect.apply(define, connection.handle, [key, body])
    const boom = await wireErrorOf(connection, () => query(connection, 'select boom()'))
    expect(boom).toMatchObject({ family: 'user', message: 'mine', cause: { name: 'RangeError' } })
    expect(await wireErrorOf(connection, () => query(connection, 'select odd()'))).toMatchObject({ family: 'user' })
    expect(connection.toWireError('canary')).toEqual({
      family: 'user',
      message: expect.not.stringContaining('canary'),
      cause: expect.anything(),
    })
    expect(connection.toWireError(null)).toMatchObject({ family: 'user' })
  })

  test('what runs after close is refused', async () => {
    const connection = await openDriver(name)
    const statement = await connection.prepare('select 1', null)
    await connection.close()
    expect(await wireErrorOf(connection, () => firstRow(statement, []))).toMatchObject({ family: 'invalidRequest' })
    expect(await wireErrorOf(connection, () => connection.prepare('select 1', null))).toMatchObject({ family: 'invalidRequest' })
    statement.finalize()
  })
})

test.each([
  [0, 'SQLITE_OK'],
  [1, 'SQLITE_ERROR'],
  [5, 'SQLITE_BUSY'],
  [517, 'SQLITE_BUSY_SNAPSHOT'],
  [516, 'SQLITE_ABORT_ROLLBACK'],
  [2067, 'SQLITE_CONSTRAINT_UNIQUE'],
  [1555, 'SQLITE_CONSTRAINT_PRIMARYKEY'],
  [787, 'SQLITE_CONSTRAINT_FOREIGNKEY'],
  [3091, 'SQLITE_CONSTRAINT_DATATYPE'],
  [1544, 'SQLITE_READONLY_DIRECTORY'],
  [8714, 'SQLITE_IOERR_IN_PAGE'],
  [779, 'SQLITE_CORRUPT_INDEX'],
  [28, 'SQLITE_WARNING'],
  [284, 'SQLITE_WARNING_AUTOINDEX'],
  [5 | (99 << 8), 'SQLITE_BUSY'],
])('result code %i is called %s', (code, name) => {
  expect(codeName(code)).toBe(name)
})

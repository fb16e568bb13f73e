import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import type { WireError } from '../../src/protocol/wire-error.ts'
import { mysql2Driver } from '../../worker/drivers/mysql2.ts'
import { toLoadFault } from '../../worker/drivers/mysql2-client.ts'
import { query, wireErrorOf } from './open-driver.ts'
import { describeMysql, isMariadb, mysqlOpenOptions, openMysql, run, testServer } from './open-mysql.ts'

const SCHEMA = `
  drop table if exists pets, users;
  create table users (
    id int primary key, email varchar(50) not null, org varchar(20), age int, name varchar(5) not null,
    unique key email_org (email, org), constraint adult check (age >= 18)
  ) engine = InnoDB;
  create table pets (id int, owner int, constraint owned foreign key (owner) references users (id)) engine = InnoDB;
  insert into users values (1, 'canary', 'x', 20, 'a');
  insert into pets values (1, 1);
`

const inMariadb = isMariadb ? 'ER_CONSTRAINT_FAILED' : 'ER_CHECK_CONSTRAINT_VIOLATED'
/** Only MySQL names the table of a key. */
const table = isMariadb ? undefined : 'users'

describeMysql('errors', () => {
  test.each<[sql: string, expected: Partial<WireError>]>([
    ["insert into users values (2, 'canary', 'x', 20, 'a')", { driverCode: 'ER_DUP_ENTRY', constraint: 'email_org', table }],
    ["insert into users values (1, 'b', 'x', 20, 'a')", { driverCode: 'ER_DUP_ENTRY', constraint: 'PRIMARY', table }],
    ["insert into users values (2, null, 'x', 20, 'a')", { driverCode: 'ER_BAD_NULL_ERROR', columns: ['email'] }],
    ["insert into users (id, email) values (2, 'b')", { driverCode: 'ER_NO_DEFAULT_FOR_FIELD', columns: ['name'] }],
    [
      "insert into users values (2, 'b', 'x', 3, 'a')",
      { driverCode: inMariadb, constraint: 'adult', table: isMariadb ? 'users' : undefined },
    ],
    ['insert into pets values (1, 77)', { driverCode: 'ER_NO_REFERENCED_ROW_2', constraint: 'owned', table: 'pets', columns: ['owner'] }],
    ['delete from users where id = 1', { driverCode: 'ER_ROW_IS_REFERENCED_2', constraint: 'owned', table: 'pets', columns: ['owner'] }],
  ])('%s: integrity', async (sql, expected) => {
    const connection = await openMysql()
    await connection.script(SCHEMA)
    const error = await wireErrorOf(connection, () => run(connection, sql))
    expect(error).toMatchObject({ family: 'integrity', retryable: false })
    const { constraint, table, columns, driverCode } = error
    expect({ constraint, table, columns, driverCode }).toEqual({ constraint: undefined, table: undefined, columns: undefined, ...expected })
    expect(JSON.stringify(error)).not.toMatch(/canary|77/)
    expect(structuredClone(error)).toEqual(error)
    expect(error.cause).toMatchObject({ message: error.message, stack: expect.stringContaining(error.message), code: error.driverCode })
  })

  test.each([
    ['selekt', 'programming', 'ER_PARSE_ERROR'],
    ['', 'programming', 'ER_EMPTY_QUERY'],
    ['select * from nowhere', 'programming', 'ER_NO_SUCH_TABLE'],
    ['select nothing from users', 'programming', 'ER_BAD_FIELD_ERROR'],
    ['select no_function()', 'programming', 'ER_SP_DOES_NOT_EXIST'],
    ['use no_database', 'programming', 'ER_BAD_DB_ERROR'],
    ['create table users (a int)', 'programming', 'ER_TABLE_EXISTS_ERROR'],
    ['drop table nowhere', 'programming', 'ER_BAD_TABLE_ERROR'],
    ['alter table users add id int', 'programming', 'ER_DUP_FIELDNAME'],
    ['alter table users drop nothing', 'programming', 'ER_CANT_DROP_FIELD_OR_KEY'],
    ['insert into pets values (1)', 'programming', 'ER_WRONG_VALUE_COUNT_ON_ROW'],
    ['insert into pets values (5000000000, null)', 'data', 'ER_WARN_DATA_OUT_OF_RANGE'],
    ["insert into users values (2, 'b', 'x', 20, 'canary')", 'data', 'ER_DATA_TOO_LONG'],
    ["insert into pets values ('canary', 1)", 'data', 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD'],
    ["update pets set id = id + 'canary'", 'data', 'ER_TRUNCATED_WRONG_VALUE'],
    ['select 18446744073709551615 + 1', 'data', 'ER_DATA_OUT_OF_RANGE'],
    ["select cast('canary' as date) + interval 'x' no_unit", 'programming', 'ER_PARSE_ERROR'],
    ["insert into users (id, email, name, age) values (3, 'c', 'c', 'canary')", 'data', 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD'],
  ])('%j fails as %s, and says no value', async (sql, family, driverCode) => {
    const connection = await openMysql()
    await connection.script(SCHEMA)
    const error = await wireErrorOf(connection, () => (sql.startsWith('select') ? query(connection, sql) : run(connection, sql)))
    expect(error).toMatchObject({ family, driverCode, retryable: false })
    if (driverCode !== 'ER_PARSE_ERROR') expect(JSON.stringify(error)).not.toContain('canary')
    expect(await query(connection, 'select 1')).toEqual([[1n]])
  })

  test.each([
    ["insert into users values (2, 'canary', 'x', 20, 'a')", /^Duplicate entry '…' for key '(users\.)?email_org'$/],
    ["insert into pets values ('canary', 1)", /^Incorrect integer value: '…' for column .*id.* at row 1$/],
    ["update pets set id = id + 'canary'", /^Truncated incorrect DOUBLE value: '…'$/],
    ["update pets set id = 18446744073709551615 + '18446744073709551615' + 1 + 9223372036854775807 * 77", /out of range in '…'$/],
  ])('%s: the message says all but the value', async (sql, message) => {
    const connection = await openMysql()
    await connection.script(SCHEMA)
    expect((await wireErrorOf(connection, () => run(connection, sql))).message).toMatch(message)
  })

  test('errors are read and cleared of values whatever language the server speaks', async () => {
    const connection = await openMysql()
    expect(await query(connection, 'select @@lc_messages')).toEqual([['en_US']])
  })

  test("what is no error of the database is the user's", async () => {
    const connection = await openMysql()
    expect(connection.toWireError(new TypeError('theirs'))).toMatchObject({ family: 'user', message: 'theirs' })
  })
})

describeMysql('opening', () => {
  const open = (server: Parameters<typeof mysqlOpenOptions>[0]): Promise<WireError> =>
    wireErrorOf(mysql2Driver, () => mysql2Driver.open(mysqlOpenOptions(server)))

  test('a port that nobody listens on is operational and may be tried again', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    for (const host of ['127.0.0.1', 'localhost']) {
      const error = await open({ server: { host, port, password: 'hush-hush' } })
      expect(error).toMatchObject({ family: 'operational', driverCode: 'ECONNREFUSED', retryable: true })
      expect(error.message).toMatch(new RegExp(`^Could not connect to MySQL at ${host}:${port}: connect ECONNREFUSED`))
      expect(error.connectionLost).toBeUndefined()
      expect(JSON.stringify(error)).not.toContain('hush-hush')
    }
  })

  test('a wrong password and a database that does not exist are operational, and nothing is said of the password', async () => {
    const error = await open({ server: { password: 'hush-hush' } })
    expect(error).toMatchObject({
      family: 'operational',
      driverCode: expect.stringMatching(/^ER_ACCESS_DENIED/),
    })
    expect(JSON.stringify(error)).not.toContain('hush-hush')
    expect(await open({ server: { database: 'offloop_no_such_database' } })).toMatchObject({
      family: 'operational',
      message: expect.stringMatching(/^Could not connect to MySQL at .*: Unknown database 'offloop_no_such_database'$/),
      driverCode: 'ER_BAD_DB_ERROR',
    })
  })

  test('a server that says nothing is given up in time, and one that hangs up at once', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    expect(await open({ server: { port, connectTimeoutMs: 50 } })).toMatchObject({
      family: 'operational',
      driverCode: 'ETIMEDOUT',
      retryable: true,
    })
    silent.close()
    const rude = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve))
    expect(await open({ server: { port: (rude.address() as AddressInfo).port } })).toMatchObject({ family: 'operational', retryable: true })
    rude.close()
  })

  test('options are checked', async () => {
    for (const [options, message] of [
      [{ ssl_mode: 'required' }, 'There is no option "ssl_mode"'],
      [{ 'ssl-mode': 'sometimes' }, 'ssl-mode is one of disabled, preferred, required, verify_ca, verify_identity'],
      [{ charset: 'latin1' }, 'The charset is always utf8mb4'],
      [{ 'ssl-mode': 'verify_ca', 'ssl-ca': '/no/such/file' }, 'The file "/no/such/file" of ssl-ca cannot be read.'],
      [{ sslmode: 'verify-identity' }, 'ssl-mode=verify_identity needs a host name'],
    ] as const) {
      const error = await open({ server: { host: '127.0.0.1', options } })
      expect(error).toMatchObject({ family: 'argument', message: expect.stringContaining(message) })
    }
    expect(await wireErrorOf(mysql2Driver, () => mysql2Driver.open({ ...mysqlOpenOptions(), server: null }))).toMatchObject({
      family: 'argument',
    })
  })

  test('a preferred TLS is done without where the server has none, a required one is not', async () => {
    const probe = await openMysql()
    const [[, hasSsl] = []] = await query(probe, "show variables like 'have_ssl'")
    const connection = await openMysql({ server: { options: { 'ssl-mode': 'preferred', application_name: 'tests' } } })
    const [[, cipher] = []] = await query(connection, "show session status like 'Ssl_cipher'")
    expect(cipher === '').toBe(hasSsl !== 'YES')
    if (hasSsl === 'YES') return
    expect(await open({ server: { options: { sslmode: 'required' } } })).toMatchObject({
      family: 'operational',
      driverCode: 'HANDSHAKE_NO_SSL_SUPPORT',
    })
  })

  test('the session is as it should be, whatever the server is told', async () => {
    const connection = await openMysql()
    const [[mode, ...rest] = []] = await query(
      connection,
      'select @@sql_mode, @@time_zone, @@autocommit, @@character_set_client, @@character_set_results, database() is not null',
    )
    expect(String(mode).split(',')).toEqual(expect.arrayContaining(['STRICT_TRANS_TABLES', 'STRICT_ALL_TABLES']))
    expect(mode).not.toContain('IGNORE_SPACE')
    expect(rest).toEqual(['+00:00', 1n, 'utf8mb4', 'utf8mb4', 1n])
    expect(await query(await openMysql({ server: { database: undefined } }), 'select database()')).toEqual([[null]])
  })

  test('a missing package says how it is installed', () => {
    const missing = Object.assign(new Error("Cannot find package 'mysql2'"), { code: 'ERR_MODULE_NOT_FOUND' })
    expect(mysql2Driver.toWireError(toLoadFault(missing))).toMatchObject({
      family: 'driverLoad',
      message: expect.stringContaining('npm install mysql2'),
    })
    expect(mysql2Driver.toWireError(toLoadFault(new SyntaxError('odd')))).toMatchObject({
      family: 'driverLoad',
      message: expect.stringContaining('odd'),
    })
  })

  test('a local file is never sent', async () => {
    const connection = await openMysql()
    await connection.script('drop table if exists f; create table f (a text)')
    const error = await wireErrorOf(connection, () => run(connection, `load data local infile '/etc/hostname' into table f`))
    expect(error.family).toMatch(/^(programming|operational|notSupported)$/)
    expect(await query(connection, 'select 1')).toEqual([[1n]])
    expect(testServer.connectTimeoutMs).toBe(10_000)
  })
})

import { DatabaseSync } from 'node:sqlite'
import Database from 'better-sqlite3'
import {
  type AsyncConnection,
  type AsyncEngine,
  createEngine,
  DatabaseError,
  DataError,
  IntegrityError,
  OffloopError,
  OperationalError,
  ProgrammingError,
} from 'offloop'
import { describe, expect, test } from 'vitest'
import { describeFiles, rejectionOf } from '../conformance/targets.ts'

const schema = `
  create table parent (id integer primary key);
  create table t (
    id integer primary key, u text unique, n text not null default '', c text constraint short check (length(c) < 5),
    p integer references parent (id)
  );
  create table keyed (k text primary key, v) without rowid;
  create table typed (i integer) strict;
  create trigger refuses before insert on t when new.u = 'refused' begin select raise(abort, 'by the trigger'); end;
  insert into t (id, u) values (1, 'a');
  insert into keyed values ('a', 1);
`

interface Failure {
  readonly code: string
  readonly sql: string
  readonly class: new (message: string) => DatabaseError
  readonly details?: Partial<DatabaseError>
}

const failures: readonly Failure[] = [
  { code: 'SQLITE_ERROR', sql: 'selec 1', class: ProgrammingError },
  { code: 'SQLITE_ERROR', sql: 'select * from missing', class: ProgrammingError },
  {
    code: 'SQLITE_CONSTRAINT_UNIQUE',
    sql: "insert into t (u) values ('a')",
    class: IntegrityError,
    details: { table: 't', columns: ['u'] },
  },
  {
    code: 'SQLITE_CONSTRAINT_PRIMARYKEY',
    sql: "insert into keyed values ('a', 2)",
    class: IntegrityError,
    details: { table: 'keyed', columns: ['k'] },
  },
  {
    code: 'SQLITE_CONSTRAINT_PRIMARYKEY',
    sql: 'insert into t (id) values (1)',
    class: IntegrityError,
    details: { table: 't', columns: ['id'] },
  },
  {
    code: 'SQLITE_CONSTRAINT_NOTNULL',
    sql: 'insert into t (n) values (null)',
    class: IntegrityError,
    details: { table: 't', columns: ['n'] },
  },
  {
    code: 'SQLITE_CONSTRAINT_CHECK',
    sql: "insert into t (c) values ('too long')",
    class: IntegrityError,
    details: { constraint: 'short' },
  },
  { code: 'SQLITE_CONSTRAINT_FOREIGNKEY', sql: 'insert into t (p) values (7)', class: IntegrityError },
  { code: 'SQLITE_CONSTRAINT_DATATYPE', sql: "insert into typed values ('x')", class: IntegrityError },
  { code: 'SQLITE_CONSTRAINT_TRIGGER', sql: "insert into t (u) values ('refused')", class: IntegrityError },
  { code: 'SQLITE_MISMATCH', sql: "insert into t (id) values ('x')", class: DataError },
  { code: 'SQLITE_TOOBIG', sql: 'select zeroblob(2000000000)', class: DataError },
]

/** What the driver itself throws, in this thread. */
function driversOwn(driver: string, sql: string): { readonly message: string; readonly code: unknown } {
  const handle = driver === 'node' ? new DatabaseSync(':memory:') : new Database(':memory:')
  try {
    handle.exec('pragma foreign_keys = on')
    handle.exec(schema)
    handle.exec(sql)
  } catch (error) {
    return error as Error & { readonly code: unknown }
  } finally {
    handle.close()
  }
  throw new Error(`Expected an error of: ${sql}`)
}

describeFiles((fixture) => {
  const { driver } = fixture.target

  test.each(failures)('$code of "$sql" keeps class, code, message and cause', async ({ code, sql, class: Class, details }) => {
    const engine = fixture.engine()
    await engine.script(schema)
    const own = driversOwn(driver, sql)
    const error = await rejectionOf(engine.execute(sql))
    expect(error).toBeInstanceOf(Class)
    expect(error).toBeInstanceOf(DatabaseError)
    expect(error).toBeInstanceOf(OffloopError)
    expect(error).toMatchObject({ message: own.message, driverCode: code, sql, retryable: false, ...details })
    expect(error.cause).toMatchObject({ message: own.message, code: own.code })
  })

  // Memory of half a gigabyte is slow to be had on some machines.
  const large = { timeout: 180_000 }
  test(
    'a text of more characters than a string can have is an error in whichever way it is read, and no row is missing',
    large,
    async () => {
      await using connection = await fixture.engine().connect()
      const tooLong = 'select 1 as n, hex(zeroblob(300000000)) as text'
      const refused = { name: 'DataError', driverCode: 'SQLITE_TOOBIG' }
      await connection.transaction(async (tx) => {
        const maybe = 'select ? as n, iif(?, hex(zeroblob(300000000)), null) as text'
        for (let n = 0; n < 3; n++) expect(await tx.execute(maybe, [n, 0]).first()).toEqual({ n, text: null })
        expect(await rejectionOf(tx.execute(maybe, [3, 1]).first())).toMatchObject(refused)
        const both = await Promise.allSettled([tx.execute(maybe, [4, 1]).fetchall(), tx.execute(maybe, [5, 0]).fetchall()])
        expect(both).toMatchObject([{ reason: refused }, { value: [{ n: 5, text: null }] }])
      })
      expect(await rejectionOf(connection.execute(tooLong).one())).toMatchObject(refused)
      expect(await rejectionOf(connection.stream(tooLong)[Symbol.asyncIterator]().next())).toMatchObject(refused)
      expect(await connection.scalar('select 1')).toBe(1)
    },
  )

  test('SQLITE_BUSY of another process is an OperationalError that may be retried', async () => {
    const holder = await fixture.engine().begin()
    const error = await rejectionOf(fixture.engine({ busyTimeoutMs: 0 }).begin())
    expect(error).toBeInstanceOf(OperationalError)
    expect(error).toMatchObject({ driverCode: 'SQLITE_BUSY', retryable: true })
    await holder.rollback()
  })

  test('SQLITE_READONLY is an OperationalError', async () => {
    const engine = fixture.engine()
    await engine.script('create table t (x)')
    const conn = await engine.connect({ readonly: true })
    expect(await rejectionOf(conn.execute('insert into t values (1)'))).toMatchObject({
      name: 'OperationalError',
      driverCode: 'SQLITE_READONLY',
    })
    await conn.close()
  })

  test('an error of a function of the user keeps its class, message and code', async () => {
    const engine = fixture.engine()
    const module = new URL('failing-functions.ts', import.meta.url)
    expect(await rejectionOf(engine.call(module, 'throwRangeError'))).toMatchObject({ name: 'RangeError', message: 'out of range' })
    expect(await rejectionOf(engine.call(module, 'throwCoded'))).toMatchObject({ name: 'Error', message: 'coded', code: 'E_CODED' })
    expect(await rejectionOf(engine.call(module, 'throwText'))).toBeInstanceOf(Error)
    expect(await rejectionOf(engine.call(module, 'failInSql'))).toBeInstanceOf(ProgrammingError)
    expect(await rejectionOf(engine.call(module, 'throwUncloneable'))).toMatchObject({ name: 'TypeError', message: 'has a function' })
    expect(await rejectionOf(engine.call(module, 'returnUncloneable'))).toBeInstanceOf(Error)
    expect(await engine.scalar('select 1')).toBe(1)
  })

  describe('the stack leads to the caller', () => {
    const bad = 'select * from missing'
    type Use = (conn: AsyncConnection, engine: AsyncEngine) => PromiseLike<unknown>
    const uses: Readonly<Record<string, Use>> = {
      'conn.execute': (conn) => conn.execute(bad),
      fetchall: (conn) => conn.execute(bad).fetchall(),
      first: (conn) => conn.execute(bad).first(),
      'a fetch of a result': async (conn) =>
        await (await conn.execute('select 1 union all select abs(-9223372036854775808)', [], { batchRows: 1 })).fetchall(),
      'conn.scalar': (conn) => conn.scalar(bad),
      'conn.stream': async (conn) => {
        for await (const _ of conn.stream(bad)) break
      },
      'conn.executeMany': (conn) => conn.executeMany('insert into missing values (?)', [[1]]),
      'conn.script': (conn) => conn.script(bad),
      'conn.call': (conn) => conn.call(new URL('failing-functions.ts', import.meta.url), 'failInSql'),
      'conn.driver': (conn) => conn.driver.exec(bad),
      'conn.begin': async (conn) => {
        await conn.execute('begin')
        return await conn.begin()
      },
      'tx.commit': async (conn) => {
        const tx = await conn.begin()
        await tx.execute('pragma defer_foreign_keys = on')
        await tx.execute('insert into t (p) values (7)')
        return await tx.commit()
      },
      'tx.execute': async (conn) => await conn.transaction(async (tx) => await tx.execute(bad)),
      'engine.execute': (_, engine) => engine.execute(bad),
      'engine.execute of a write': (_, engine) => engine.execute('insert into missing values (1)'),
      'engine.scalar': (_, engine) => engine.scalar(bad),
      'engine.executeMany': (_, engine) => engine.executeMany('insert into missing values (?)', [[1]]),
      'engine.script': (_, engine) => engine.script(bad),
      'engine.call': (_, engine) => engine.call(new URL('failing-functions.ts', import.meta.url), 'failInSql'),
      'engine.stream': async (_, engine) => {
        for await (const _row of engine.stream(bad)) break
      },
      'engine.connect': async () => {
        await using missing = createEngine(`sqlite+${driver}:////proc/offloop/missing.db`)
        await missing.connect()
      },
      'engine.transaction': async (_, engine) => await engine.transaction(async (tx) => await tx.execute(bad)),
    }

    test.each(Object.entries(uses))('of %s', async (_, use) => {
      const engine = fixture.engine()
      await engine.script(schema)
      const conn = await engine.connect()
      async function theCaller(): Promise<void> {
        await use(conn, engine)
      }
      const error = await rejectionOf(theCaller())
      expect(error.stack).toContain('theCaller')
      expect(error.stack).toContain('errors.test.ts')
      await conn.close()
    })
  })
})

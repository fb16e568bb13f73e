import { inspect } from 'node:util'
import { describe, expect, expectTypeOf, test } from 'vitest'
import * as errors from '../src/errors.ts'
import type { WireValue } from '../src/protocol/values.ts'
import type { WireError } from '../src/protocol/wire-error.ts'
import { errorFromWire } from '../src/transport/error-from-wire.ts'

const CODES = {
  ArgumentError: 'OFFLOOP_ARGUMENT',
  ResourceClosedError: 'OFFLOOP_RESOURCE_CLOSED',
  InvalidRequestError: 'OFFLOOP_INVALID_REQUEST',
  NoResultFound: 'OFFLOOP_NO_RESULT_FOUND',
  MultipleResultsFound: 'OFFLOOP_MULTIPLE_RESULTS_FOUND',
  PoolTimeoutError: 'OFFLOOP_POOL_TIMEOUT',
  PoolQueueFullError: 'OFFLOOP_POOL_QUEUE_FULL',
  WorkerTerminatedError: 'OFFLOOP_WORKER_TERMINATED',
  CommitOutcomeUnknownError: 'OFFLOOP_COMMIT_OUTCOME_UNKNOWN',
  TransactionAbortedError: 'OFFLOOP_TRANSACTION_ABORTED',
  StatementTimeoutError: 'OFFLOOP_STATEMENT_TIMEOUT',
  ReentrancyError: 'OFFLOOP_REENTRANCY',
  DriverLoadError: 'OFFLOOP_DRIVER_LOAD',
  AbortError: 'ABORT_ERR',
  DatabaseError: 'OFFLOOP_DATABASE',
  IntegrityError: 'OFFLOOP_INTEGRITY',
  OperationalError: 'OFFLOOP_OPERATIONAL',
  ProgrammingError: 'OFFLOOP_PROGRAMMING',
  DataError: 'OFFLOOP_DATA',
  InternalError: 'OFFLOOP_INTERNAL',
  NotSupportedError: 'OFFLOOP_NOT_SUPPORTED',
} as const

type ClassName = keyof typeof CODES
const names = Object.keys(CODES) as ClassName[]
const classes: typeof errors = { ...errors }

describe('every error class', () => {
  test('is listed here', () => {
    const exported = Object.entries(errors).filter(([, value]) => value.prototype instanceof Error)
    expect(exported.map(([name]) => name).sort()).toEqual([...names, 'OffloopError'].sort())
  })

  test.each(names)('%s has its code, its name, its cause and a stack that begins with both', (name) => {
    const cause = new Error('below')
    const error = new classes[name]('what happened', { cause })
    expect(error).toBeInstanceOf(errors.OffloopError)
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe(name)
    expect(error.code).toBe(CODES[name])
    expect(error.cause).toBe(cause)
    expect(error.retryable).toBe(false)
    expect(error.stack).toMatch(new RegExp(`^${name}: what happened\\n`))
  })

  test.each(names)('%s prints its code and nothing that is undefined', (name) => {
    const printed = inspect(new classes[name]('what happened'))
    expect(printed).toContain(`code: '${CODES[name]}'`)
    expect(printed).not.toContain('undefined')
    expect(printed).not.toContain('retryable')
    expect(Object.hasOwn(new classes[name]('what happened'), 'cause')).toBe(false)
  })

  test('has a code that TypeScript knows literally', () => {
    expectTypeOf<errors.PoolTimeoutError['code']>().toEqualTypeOf<'OFFLOOP_POOL_TIMEOUT'>()
    expectTypeOf<errors.NoResultFound['code']>().toEqualTypeOf<'OFFLOOP_NO_RESULT_FOUND'>()
    expectTypeOf<errors.IntegrityError['code']>().toEqualTypeOf<'OFFLOOP_INTEGRITY'>()
    expectTypeOf<errors.AbortError['code']>().toEqualTypeOf<'ABORT_ERR'>()
  })
})

test('the families are those of PEP 249 and SQLAlchemy', () => {
  for (const name of [
    'IntegrityError',
    'OperationalError',
    'ProgrammingError',
    'DataError',
    'InternalError',
    'NotSupportedError',
  ] as const) {
    expect(new classes[name]('x')).toBeInstanceOf(errors.DatabaseError)
  }
  expect(new errors.NoResultFound('x')).toBeInstanceOf(errors.InvalidRequestError)
  expect(new errors.MultipleResultsFound('x')).toBeInstanceOf(errors.InvalidRequestError)
})

test('retryable is what the options say', () => {
  expect(new errors.OperationalError('busy', { retryable: true }).retryable).toBe(true)
  expect(new errors.OperationalError('full', { retryable: false }).retryable).toBe(false)
})

test('a pool that refuses says how full it was', () => {
  const error = new errors.PoolTimeoutError('late', { pool: { size: 16, inUse: 16, waiting: 3 } })
  expect(error).toMatchObject({ size: 16, inUse: 16, waiting: 3 })
})

test('AbortError has the words of Node.js', () => {
  expect(new errors.AbortError().message).toBe('The operation was aborted')
})

describe('the SQL of an error', () => {
  test('is kept as it is up to 2,000 characters', () => {
    const sql = 'x'.repeat(2_000)
    expect(new errors.ProgrammingError('no', { sql }).sql).toBe(sql)
  })

  test('is shortened beyond, and ends in no half of a surrogate pair', () => {
    const error = new errors.ProgrammingError('no', { sql: 'x'.repeat(1_998) + '😀'.repeat(100) })
    expect(error.sql?.length).toBeLessThanOrEqual(2_000)
    expect(error.sql?.isWellFormed()).toBe(true)
    expect(error.sql?.endsWith('…')).toBe(true)
  })
})

describe('errorFromWire', () => {
  const families = {
    integrity: errors.IntegrityError,
    operational: errors.OperationalError,
    programming: errors.ProgrammingError,
    data: errors.DataError,
    internal: errors.InternalError,
    notSupported: errors.NotSupportedError,
    argument: errors.ArgumentError,
    invalidRequest: errors.InvalidRequestError,
    resourceClosed: errors.ResourceClosedError,
    driverLoad: errors.DriverLoadError,
    transactionAborted: errors.TransactionAbortedError,
    cancelled: errors.AbortError,
    user: Error,
  } as const satisfies Record<WireError['family'], unknown>

  test.each(Object.keys(families) as WireError['family'][])('rebuilds the class of family %s', (family) => {
    const error = errorFromWire({ family, message: 'what happened' }, {})
    expect(error.constructor).toBe(families[family])
    if (family !== 'cancelled') expect(error.message).toBe('what happened')
  })

  test('keeps everything the database said', () => {
    const wire: WireError = {
      family: 'integrity',
      message: 'UNIQUE constraint failed: users.name',
      driverCode: 'SQLITE_CONSTRAINT_UNIQUE',
      constraint: 'users_name',
      table: 'users',
      columns: ['name'],
      retryable: true,
      cause: {
        name: 'SqliteError',
        message: 'UNIQUE constraint failed: users.name',
        stack: 'SqliteError: …\n    at worker',
        code: 'SQLITE_X',
      },
    }
    const error = errorFromWire(wire, { sql: 'insert into users values (?)' })
    const { cause: _, family: __, ...rest } = wire
    expect(error).toMatchObject({ ...rest, sql: 'insert into users values (?)' })
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.cause).toMatchObject({
      name: 'SqliteError',
      message: wire.message,
      stack: 'SqliteError: …\n    at worker',
      code: 'SQLITE_X',
    })
  })

  test('an error of the user is a built-in error of the same name, with what happened in the worker as its cause', () => {
    const cause = {
      name: 'TypeError',
      message: 'x is not a function',
      stack: 'TypeError: x is not a function\n    at report.js',
      code: 'E_X',
    }
    const error = errorFromWire({ family: 'user', message: 'x is not a function', cause }, {})
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ name: 'TypeError', message: 'x is not a function', code: 'E_X' })
    expect((error.cause as Error).stack).toBe(cause.stack)
  })

  test('an error of a class of the user keeps its name', () => {
    const cause = { name: 'QuotaError', message: 'too much' }
    const error = errorFromWire({ family: 'user', message: 'too much', cause }, {})
    expect(error.name).toBe('QuotaError')
    expect(inspect(error)).toContain('[QuotaError]: too much')
    expect(Object.keys(error)).toEqual([])
  })

  test('keeps the stack of the caller who awaits', async () => {
    async function callerInTheTest() {
      await Promise.resolve()
      throw errorFromWire({ family: 'programming', message: 'no such table: t' }, {})
    }
    await expect(callerInTheTest()).rejects.toSatisfy((error: Error) => error.stack?.includes('callerInTheTest') === true)
  })

  test('hides the credentials of a connection URL in message, cause and stack', () => {
    const secret = 's3cr3t-canary'
    const message = `could not connect to postgresql://app:${secret}@db/x`
    const cause = { name: 'Error', message, stack: `Error: ${message}\n    at x` }
    const error = errorFromWire({ family: 'operational', message, cause }, {})
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret)
    expect(error.message).toContain('postgresql://app:***@db/x')
  })

  test('keeps the beginning and the end of a message that repeats megabytes', () => {
    const message = `unrecognized token: "${'\u{1f600}'.repeat(1_000_000)}", and that is all`
    const cause = { name: 'SqliteError', message, stack: `SqliteError: ${message}\n    at worker` }
    const error = errorFromWire({ family: 'programming', message, driverCode: 'SQLITE_ERROR', cause }, {})
    for (const shown of [error.message, (error.cause as Error).message, (error.cause as Error).stack ?? '']) {
      expect(shown.length).toBeLessThan(2_100)
      expect(shown).toContain('unrecognized token: "')
      expect(shown).toContain('", and that is all')
      expect(shown.isWellFormed()).toBe(true)
    }
    expect((error.cause as Error).stack).toContain('\n    at worker')
    expect(errorFromWire({ family: 'user', message }, {}).message).toBe(message)
  })

  describe('hides what a message repeats of the values', () => {
    const failed = (message: string, sql: string, values: readonly WireValue[], driverCode = 'SQLITE_ERROR'): Error => {
      const cause = { name: 'SqliteError', message, stack: `SqliteError: ${message}\n    at worker` }
      const family = driverCode.startsWith('SQLITE_CONSTRAINT') ? 'integrity' : 'programming'
      return errorFromWire({ family, message, driverCode, cause }, { sql, values })
    }

    test.each<readonly [string, string, WireValue]>([
      ["bad JSON path: 's3cr3t'", "bad JSON path: '***'", 's3cr3t'],
      ["bad JSON path: 'it''s'", "bad JSON path: '***'", "it's"],
      ["bad JSON path: '41111'", "bad JSON path: '***'", 41111],
      ['no such column: cr3t', 'no such column: ***', 's3-cr3t: x'],
      ['fts5: syntax error near "x"', 'fts5: syntax error near "***"', 's3cr3t AND x'],
      ['malformed MATCH expression: ["a" AND (]', 'malformed MATCH expression: [***]', '"a" AND ('],
      ['malformed MATCH expression: [a (]', 'malformed MATCH expression: [***]', Buffer.from('a (')],
      ['database s3cr3t is already in use', 'database *** is already in use', 's3cr3t'],
      ['no such database: a: b', 'no such database: ***', 'a: b'],
    ])('%s', (message, shown, value) => {
      const error = failed(message, 'select ?', ['other', null, value])
      expect(error.message).toBe(shown)
      expect(error.cause).toMatchObject({ message: shown, stack: `SqliteError: ${shown}\n    at worker` })
    })

    test.each<readonly [string, string]>([
      ["bad JSON path: 's3cr3t'", "bad JSON path: '***'"],
      ['malformed MATCH expression: [a (]', 'malformed MATCH expression: [***]'],
      ['near "selekt": syntax error', 'near "selekt": syntax error'],
      ['string or blob too big', 'string or blob too big'],
    ])('%s, where bytes have been moved to the worker', (message, shown) => {
      const bytes = new Uint8Array(10)
      structuredClone(bytes, { transfer: [bytes.buffer] })
      expect(failed(message, 'selekt ?', [bytes, 1]).message).toBe(shown)
    })

    test.each<readonly [string, string, WireValue, string]>([
      ['no such column: text', 'update t set text = ?', 'text', 'SQLITE_ERROR'],
      ['near "selekt": syntax error', 'selekt ?', 'selekt ?', 'SQLITE_ERROR'],
      ['table t has 1 columns but 2 values were supplied', 'insert into t values (?, 1)', 't', 'SQLITE_ERROR'],
      ['UNIQUE constraint failed: users.name', 'insert into users values (?)', 'name', 'SQLITE_CONSTRAINT_UNIQUE'],
    ])('and nothing else: %s', (message, sql, value, driverCode) => {
      expect(failed(message, sql, [value], driverCode).message).toBe(message)
    })

    test('what a function of the program says is its own', () => {
      const error = errorFromWire({ family: 'user', message: 'no user 4711' }, { sql: 'select find(?)', values: [4711] })
      expect(error.message).toBe('no user 4711')
    })
  })
})

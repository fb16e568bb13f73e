import { ArgumentError } from '../errors.ts'
import type { Dialect, DialectName } from './dialect.ts'
import type { BeginOptions } from './executor.ts'

/** What of `BeginOptions` is the database's business. */
export type BeginSettings = Pick<BeginOptions, 'mode' | 'readonly' | 'isolationLevel'>

/**
 * The statements that begin a transaction, to be run one after another on one connection. An option that the dialect has no use for is given
 * more than it asks for: SQLite is always serializable, and `mode` is about its lock alone.
 *
 * @throws {ArgumentError} a mode or an isolation level is unknown: they become part of the text
 */
export function beginStatements(dialect: Dialect, settings: BeginSettings): readonly string[] {
  const { mode, isolationLevel } = settings
  if (mode !== undefined && !MODES.has(mode)) throw new ArgumentError(`mode must be ${[...MODES].join(', ')}.`)
  if (isolationLevel !== undefined && !LEVELS.has(isolationLevel)) {
    throw new ArgumentError(`isolationLevel must be ${[...LEVELS].join(', ')}.`)
  }
  return STATEMENTS[dialect.name](settings)
}

const MODES: ReadonlySet<string> = new Set(['deferred', 'immediate', 'exclusive'])
const LEVELS: ReadonlySet<string> = new Set(['read uncommitted', 'read committed', 'repeatable read', 'serializable'])

const STATEMENTS: Readonly<Record<DialectName, (settings: BeginSettings) => readonly string[]>> = {
  sqlite: ({ mode, readonly }) => [`begin ${mode ?? (readonly === true ? 'deferred' : 'immediate')}`],
  postgresql: ({ readonly, isolationLevel }) => [
    `begin${isolationLevel === undefined ? '' : ` isolation level ${isolationLevel}`}${readonly === true ? ' read only' : ''}`,
  ],
  // The level is that of the next transaction alone.
  mysql: ({ readonly, isolationLevel }) => [
    ...(isolationLevel === undefined ? [] : [`set transaction isolation level ${isolationLevel}`]),
    `start transaction${readonly === true ? ' read only' : ''}`,
  ],
}

/**
 * The statement that makes a connection that can write read-only, or takes that back; null where a read-only transaction needs none, because
 * nothing in it can write. In SQLite every transaction can. In MySQL DDL ends the transaction first and is then outside of it.
 */
export function readonlyStatement(dialect: Dialect, on: boolean): string | null {
  return READONLY_STATEMENTS[dialect.name](on)
}

const READONLY_STATEMENTS: Readonly<Record<DialectName, (on: boolean) => string | null>> = {
  sqlite: (on) => `pragma query_only = ${on ? 1 : 0}`,
  postgresql: () => null,
  mysql: (on) => `set session transaction read ${on ? 'only' : 'write'}`,
}

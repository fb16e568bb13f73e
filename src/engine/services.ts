import { PoolQueueFullError } from '../errors.ts'
import { StatementTrait } from '../protocol/frames.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { ScannedStatement } from '../sql/scan-statement.ts'
import type { CompiledStatement, Executable, Parameters, StatementCompiler } from '../sql/statement.ts'
import type { AccessMode } from './access-gate.ts'
import { withFilesOfSystem } from './memory-files.ts'
import type { Logger, ResolvedEngineOptions } from './options.ts'

/** What every part of one engine shares. */
export interface EngineServices {
  readonly dialect: Dialect
  readonly options: ResolvedEngineOptions
  readonly compiler: StatementCompiler
  readonly logger: Logger
  /** A memory database has no snapshots: its readers and writers exclude each other. */
  readonly memory: boolean
}

/** A caller that is this far ahead of the database does not wait for it: its memory would grow without end. */
const maxPendingStatements = 100_000

/** @throws {PoolQueueFullError} so many statements wait already that another one is refused */
export function assertQueueHasRoom(pending: number): void {
  if (pending < maxPendingStatements) return
  throw new PoolQueueFullError(`${pending} statements wait for this database already: await some of them, or use executeMany() or call().`)
}

/** Turns a statement into what is sent: see `StatementCompiler.compile` for what it refuses. */
export function compileFor({ compiler, memory }: EngineServices, statement: Executable, params: Parameters | undefined): CompiledStatement {
  const compiled = compiler.compile(statement, params)
  return memory ? withFilesOfSystem(compiled) : compiled
}

const writingVerbs: ReadonlySet<string> = new Set([
  'insert',
  'replace',
  'update',
  'delete',
  'create',
  'drop',
  'alter',
  'reindex',
  'analyze',
  'vacuum',
])
const changingVerbs: ReadonlySet<string> = new Set(['insert', 'replace', 'update', 'delete'])
const readingVerbs: ReadonlySet<string> = new Set(['select', 'values', 'explain'])

/**
 * What a statement needs of the database file outside a transaction. It is a place in the queue of writers and no more: should a statement
 * that looks like a reader write, SQLite's own lock and its busy timeout decide, as between processes.
 */
export function accessOf({ verb }: ScannedStatement, memory: boolean): AccessMode | 'none' {
  if (writingVerbs.has(verb)) return 'exclusive'
  if (!memory) return verb === 'begin' ? 'exclusive' : 'none'
  return readingVerbs.has(verb) ? 'shared' : 'exclusive'
}

/** A statement that may be tried on a read-only connection; there SQLite itself says whether it reads. */
export function mayRead({ verb }: ScannedStatement): boolean {
  return readingVerbs.has(verb)
}

/** A statement that begins, ends or nests a transaction. */
export function controlsTransaction({ verb }: ScannedStatement): boolean {
  return transactionVerbs.has(verb)
}

/** A statement that begins or ends a whole transaction: not ROLLBACK TO, which with SAVEPOINT and RELEASE stays inside one. */
export function endsTransaction(sql: string, { verb }: ScannedStatement): boolean {
  if (verb === 'rollback') return !/\bto\b/i.test(sql)
  return verb === 'begin' || verb === 'commit' || verb === 'end'
}

const transactionVerbs: ReadonlySet<string> = new Set(['begin', 'commit', 'end', 'rollback', 'savepoint', 'release'])

/** What a worker is told of a statement's text. */
export function statementTraits({ verb, connectionState }: ScannedStatement): number {
  const insert = verb === 'insert' || verb === 'replace' ? StatementTrait.insert : 0
  const changes = changingVerbs.has(verb) ? StatementTrait.changesRows : 0
  return insert | changes | (connectionState ? StatementTrait.connectionState : 0)
}

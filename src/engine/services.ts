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
  /** The engine's URL, its password masked, for those who watch. */
  readonly database: string
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

const changingVerbs: ReadonlySet<string> = new Set(['insert', 'replace', 'update', 'delete', 'merge'])
const readingVerbs: ReadonlySet<string> = new Set(['select', 'values', 'table', 'explain', 'show', 'desc', 'describe'])

/**
 * What a statement needs of the database file outside a transaction. It is a place in the queue of writers and no more: should a statement
 * that looks like a reader write, SQLite's own lock and its busy timeout decide, as between processes.
 */
export function accessOf({ verb, writes, transaction }: ScannedStatement, memory: boolean): AccessMode | 'none' {
  if (writes) return 'exclusive'
  if (!memory) return transaction === 'begin' ? 'exclusive' : 'none'
  return readingVerbs.has(verb) ? 'shared' : 'exclusive'
}

/** A statement that may be tried on a read-only connection; there the database itself says whether it reads. */
export function mayRead({ verb, writes }: ScannedStatement): boolean {
  return !writes && readingVerbs.has(verb)
}

/** A statement that begins, ends or nests a transaction. */
export function controlsTransaction({ transaction }: ScannedStatement): boolean {
  return transaction !== 'none'
}

/** A statement that begins or ends a whole transaction: not ROLLBACK TO, which with SAVEPOINT and RELEASE stays inside one. */
export function endsTransaction({ transaction }: ScannedStatement): boolean {
  return transaction === 'begin' || transaction === 'end'
}

/** What a worker is told of a statement's text. */
export function statementTraits({ verb, connectionState }: ScannedStatement): number {
  const insert = verb === 'insert' || verb === 'replace' ? StatementTrait.insert : 0
  const changes = changingVerbs.has(verb) ? StatementTrait.changesRows : 0
  return insert | changes | (connectionState ? StatementTrait.connectionState : 0)
}

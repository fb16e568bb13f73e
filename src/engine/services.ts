import { PoolQueueFullError } from '../errors.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { CompiledStatement, Executable, Parameters, StatementCompiler } from '../sql/statement.ts'
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

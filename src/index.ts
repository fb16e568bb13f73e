/**
 * The engine: connections, transactions, results and streams of an SQL database whose driver runs in worker threads.
 *
 * @module offloop
 */

import './node-version.ts'

export type {
  AsyncConnection,
  AsyncEngine,
  AsyncTransaction,
  BackupOptions,
  BackupProgress,
  CloseOptions,
  ConnectOptions,
  DriverRemote,
  EngineStatus,
  Notification,
  NotificationStream,
  RemoteMember,
} from './engine/contract.ts'
export { createEngine } from './engine/engine.ts'
export type { EngineOptions, Logger, PoolOptions, PragmaValue, WorkerLimits } from './engine/options.ts'
export type { ConnectContext, NoticeMessage, QueryContext, TransactionContext, TransactionOutcome } from './engine/tracing.ts'
export {
  AbortError,
  ArgumentError,
  CommitOutcomeUnknownError,
  DatabaseError,
  DataError,
  DriverLoadError,
  IntegrityError,
  InternalError,
  InvalidRequestError,
  MultipleResultsFound,
  NoResultFound,
  NotSupportedError,
  OffloopError,
  OperationalError,
  PoolQueueFullError,
  PoolTimeoutError,
  ProgrammingError,
  ReentrancyError,
  ResourceClosedError,
  StatementTimeoutError,
  TransactionAbortedError,
  type ViolationKind,
  WorkerTerminatedError,
} from './errors.ts'
export type { Dialect, DialectName } from './sql/dialect.ts'
export type {
  AsyncResult,
  BeginOptions,
  ExecuteOptions,
  Executor,
  ManyResult,
  PendingResult,
  ResultColumn,
  ResultReader,
  Row,
  RowStream,
  RowValue,
  TransactionOptions,
} from './sql/executor.ts'
export type { Compilable, Executable, Parameters, TypedStatement } from './sql/statement.ts'
export { bulk, empty, join, raw, Sql, sql } from './sql/template.ts'
export { EngineURL, type EngineURLParts } from './sql/url.ts'

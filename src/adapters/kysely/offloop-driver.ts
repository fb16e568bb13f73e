import {
  type AbortableOperationOptions,
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import type { AsyncEngine } from '../../engine/contract.ts'
import { NotSupportedError } from '../../errors.ts'
import type { BeginOptions } from '../../sql/executor.ts'
import type { KyselyParts, TransactionWords } from './kysely-parts.ts'
import { type ConnectionContext, connectFor, OffloopConnection } from './offloop-connection.ts'
import { QueryRunner } from './query-runner.ts'
import type { RowParser } from './row-parser.ts'

type CompileQuery = QueryCompiler['compileQuery']

export interface DriverSettings {
  readonly engine: AsyncEngine
  /** The engine ends with the driver. */
  readonly ownsEngine: boolean
  readonly parts: KyselyParts
  /** What is made of the values of rows, or null. */
  readonly parser: RowParser | null
  /** What a database refuses rejects with its own driver's error. */
  readonly driverErrors: boolean
}

/** Hands an engine's connections to Kysely, and runs its transactions by the engine's own begin, commit and rollback. */
export class OffloopDriver implements Driver {
  readonly #engine: AsyncEngine
  readonly #ownsEngine: boolean
  readonly #context: ConnectionContext
  readonly #words: TransactionWords

  constructor({ engine, ownsEngine, parts, parser, driverErrors }: DriverSettings) {
    this.#engine = engine
    this.#ownsEngine = ownsEngine
    this.#context = { engine, runner: new QueryRunner(parser, parts.keepsInsertId), driverErrors }
    this.#words = parts.transactionWords()
  }

  /** The engine opens what it needs when it is first used. */
  async init(): Promise<void> {}

  /**
   * Kysely asks for a connection for whatever it does, and says nothing of what that is, save by what it hands over: `undefined` comes with
   * a single statement, a stream and a transaction, which need no connection before they begin, and an object with `connection()` and with a
   * `signal`. Versions before 0.29 hand over nothing at all, and may mean anything.
   */
  async acquireConnection(...handedOver: [options?: AbortableOperationOptions]): Promise<OffloopConnection> {
    const [options] = handedOver
    if (handedOver.length === 1 && options === undefined) return new OffloopConnection(this.#context, null)
    return new OffloopConnection(this.#context, await connectFor(this.#context, options?.signal))
  }

  async releaseConnection(connection: OffloopConnection): Promise<void> {
    await connection.release()
  }

  async beginTransaction(connection: OffloopConnection, settings: TransactionSettings): Promise<void> {
    const options = toBeginOptions(settings)
    let begun: Promise<void> | undefined
    // MySQL's has two statements; all is done with the first.
    const begin = (): Promise<void> => {
      begun ??= connection.begin(options)
      return begun
    }
    await this.#words.beginTransaction(new Speaker(connection, begin), settings)
  }

  async commitTransaction(connection: OffloopConnection): Promise<void> {
    await connection.perform(CompiledQuery.raw('commit'), () => connection.commit())
  }

  async rollbackTransaction(connection: OffloopConnection): Promise<void> {
    await connection.perform(CompiledQuery.raw('rollback'), () => connection.rollback())
  }

  async savepoint(connection: OffloopConnection, name: string, compileQuery: CompileQuery): Promise<void> {
    await this.#words.savepoint(new Speaker(connection, () => connection.setSavepoint(name)), name, compileQuery)
  }

  async rollbackToSavepoint(connection: OffloopConnection, name: string, compileQuery: CompileQuery): Promise<void> {
    await this.#words.rollbackToSavepoint(new Speaker(connection, () => connection.rollbackToSavepoint(name)), name, compileQuery)
  }

  async releaseSavepoint(connection: OffloopConnection, name: string, compileQuery: CompileQuery): Promise<void> {
    await this.#words.releaseSavepoint(new Speaker(connection, () => connection.releaseSavepoint(name)), name, compileQuery)
  }

  async destroy(): Promise<void> {
    if (this.#ownsEngine) await this.#engine.close()
  }
}

/** The connection as a driver of Kysely's sees it: what that says shows in Kysely's log, and the engine does the work. */
class Speaker implements DatabaseConnection {
  readonly #connection: OffloopConnection
  readonly #work: () => Promise<void>

  constructor(connection: OffloopConnection, work: () => Promise<void>) {
    this.#connection = connection
    this.#work = work
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    await this.#connection.perform(query, this.#work)
    return { rows: [] }
  }

  streamQuery(): never {
    throw new Error('a transaction is not begun or ended by a stream')
  }
}

/** @throws {NotSupportedError} none of the databases has the isolation level */
function toBeginOptions({ isolationLevel, accessMode }: TransactionSettings): BeginOptions {
  if (isolationLevel === 'snapshot') {
    throw new NotSupportedError(
      "No database of this library has the isolation level 'snapshot': 'repeatable read' is the nearest, 'serializable' the next above it.",
    )
  }
  return { isolationLevel, readonly: accessMode === undefined ? undefined : accessMode === 'read only' }
}

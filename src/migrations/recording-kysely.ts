import { type CompiledQuery, type DatabaseConnection, type Driver, Kysely, type QueryResult } from 'kysely'
import { type AnyKysely, partsFor } from '../adapters/kysely/kysely-parts.ts'
import type { Dialect } from '../sql/dialect.ts'
import { literal } from './literal.ts'

/** A Kysely that writes down what it is asked for, and answers every question with no rows. */
export class RecordingKysely {
  readonly db: AnyKysely
  readonly #statements: string[] = []

  constructor(dialect: Dialect) {
    const parts = partsFor(dialect.name)
    const driver = new RecordingDriver((query) => this.#statements.push(withValues(query, dialect)))
    this.db = new Kysely({
      dialect: {
        createDriver: () => driver,
        createQueryCompiler: () => parts.queryCompiler(),
        createAdapter: () => parts.adapter({ transactionalDdl: dialect.transactionalDdl }),
        createIntrospector: (db) => parts.introspector(db),
      },
    })
  }

  /** What was written down since the last call, values in their places. */
  take(): readonly string[] {
    return this.#statements.splice(0)
  }
}

class RecordingDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(record: (query: CompiledQuery) => void) {
    this.#connection = {
      async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
        record(query)
        return { rows: [] }
      },
      async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
        record(query)
        yield { rows: [] }
      },
    }
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }

  // The migration is in a transaction already, where it is in one.
  async beginTransaction(): Promise<void> {}
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async savepoint(): Promise<void> {}
  async rollbackToSavepoint(): Promise<void> {}
  async releaseSavepoint(): Promise<void> {}
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

/** Texts and names, in which a mark is none, and the marks. */
const marks = /'(?:[^'\\]|''|\\[\s\S])*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\?|\$\d+/g

function withValues({ sql, parameters }: CompiledQuery, dialect: Dialect): string {
  if (parameters.length === 0) return sql
  let at = 0
  return sql.replaceAll(marks, (mark) => {
    if (mark === '?') return literal(parameters[at++], dialect)
    return mark.startsWith('$') ? literal(parameters[Number(mark.slice(1)) - 1], dialect) : mark
  })
}

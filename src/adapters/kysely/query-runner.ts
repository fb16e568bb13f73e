import type { CompiledQuery, QueryResult } from 'kysely'
import { ResourceClosedError } from '../../errors.ts'
import type { AsyncResult, ExecuteOptions, Executor, PendingResult } from '../../sql/executor.ts'
import type { RowParser } from './row-parser.ts'

/** Runs the statements of one Kysely, and gives what its own dialects give of them. */
export class QueryRunner {
  readonly #parser: RowParser | null
  readonly #keepsInsertId: boolean
  #lastInsertId: bigint | undefined

  /** @param keepsInsertId an INSERT that makes no row tells the key of the row before, as SQLite's `last_insert_rowid()` does */
  constructor(parser: RowParser | null, keepsInsertId: boolean) {
    this.#parser = parser
    this.#keepsInsertId = keepsInsertId
  }

  async run<R>(executor: Executor, query: CompiledQuery, options?: ExecuteOptions): Promise<QueryResult<R>> {
    const pending = executor.execute<R>(query.sql, query.parameters, options)
    if (isQuery(query)) {
      const rows = await readAll(pending)
      if (rows !== null) return { rows: this.#parser === null ? rows : this.#parsed(rows, await pending) }
    }
    const result = await pending
    if (result.lastrowid !== null) this.#lastInsertId = BigInt(result.lastrowid)
    return result.returnsRows
      ? { ...countsOf(result), rows: this.#parsed(await result.fetchall(), result) }
      : { ...countsOf(result), ...this.#keyOf(result, query), rows: [] }
  }

  /** The rows as they come, `chunkSize` of them at a time; none of a statement that gives none. */
  async *stream<R>(executor: Executor, query: CompiledQuery, chunkSize: number, signal?: AbortSignal): AsyncGenerator<QueryResult<R>> {
    const result = await executor.execute<R>(query.sql, query.parameters, { batchRows: chunkSize, signal })
    if (!result.returnsRows) return
    let rows: R[] = []
    for await (const row of result) {
      rows.push(row)
      if (rows.length < chunkSize) continue
      yield { rows: this.#parsed(rows, result) }
      rows = []
    }
    if (rows.length > 0) yield { rows: this.#parsed(rows, result) }
  }

  #parsed<R>(rows: R[], { columns }: AsyncResult<R>): R[] {
    this.#parser?.parse(rows, columns)
    return rows
  }

  #keyOf({ lastrowid }: AsyncResult<unknown>, { query }: CompiledQuery): Pick<QueryResult<unknown>, 'insertId'> {
    const isTold = lastrowid !== null || (this.#keepsInsertId && query.kind === 'InsertQueryNode')
    return isTold && this.#lastInsertId !== undefined ? { insertId: this.#lastInsertId } : {}
  }
}

/** As far as can be told without the database, it gives rows and is read to its end. */
function isQuery({ query: { kind }, sql }: CompiledQuery): boolean {
  return kind === 'SelectQueryNode' || (kind === 'RawNode' && /^\s*(?:select|values)\b/i.test(sql))
}

/** All rows, which come without a second crossing when they are asked for before the statement leaves; null when it turns out to give none. */
async function readAll<R>(pending: PendingResult<R>): Promise<R[] | null> {
  try {
    return await pending.fetchall()
  } catch (error) {
    // SELECT … INTO.
    if (error instanceof ResourceClosedError && !(await pending).returnsRows) return null
    throw error
  }
}

function countsOf({ rowcount, changedRows }: AsyncResult<unknown>): Pick<QueryResult<unknown>, 'numAffectedRows' | 'numChangedRows'> {
  return {
    ...(rowcount < 0 ? undefined : { numAffectedRows: BigInt(rowcount) }),
    ...(changedRows === null ? undefined : { numChangedRows: BigInt(changedRows) }),
  }
}

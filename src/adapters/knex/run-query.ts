import type { Writable } from 'node:stream'
import type { AsyncConnection } from '../../engine/contract.ts'
import type { Row } from '../../sql/executor.ts'
import { toDriverError } from '../driver-error.ts'
import { boundValues, type ClientOptions, type KnexQuery, mayGiveRows, readingOf, roundIntegers, setAnswer } from './knex-query.ts'
import { type PooledConnection, pooledConnection } from './pooled-connection.ts'
import { writeRows } from './write-rows.ts'

/** A query, and what it runs on. */
export interface QueryCall {
  /** Undefined where somebody has given Knex none. */
  readonly connection: AsyncConnection | undefined
  readonly query: KnexQuery
  readonly options: ClientOptions
}

/** Runs a query to its last row and writes the answer into it. */
export async function runQuery(call: QueryCall): Promise<KnexQuery> {
  try {
    return await run(call)
  } catch (error) {
    throw await refusalOf(error, call.options)
  }
}

/** What is thrown for an error of the engine's. */
export async function refusalOf(error: unknown, { driverErrors }: ClientOptions): Promise<unknown> {
  return driverErrors ? await toDriverError(error, 'sqlite') : error
}

async function run(call: QueryCall): Promise<KnexQuery> {
  const { query } = call
  const pooled = connectionOf(call)
  // What a user writes as raw SQL is a statement like any other.
  if (query.method === undefined && (await controlTransaction(pooled, query.sql))) return query
  const { timeout, cancelOnTimeout } = query
  const reading = readingOf(query, call.options)
  const cancelAfterMs = cancelOnTimeout === true && timeout ? timeout : undefined
  const settings = { integers: reading.integers, mayGiveRows: mayGiveRows(query), cancelAfterMs }
  const answer = await pooled.query(query.sql, boundValues(query), settings)
  if (reading.rounded) answer.rows?.forEach(roundIntegers)
  setAnswer(query, answer, reading)
  return query
}

/** Runs a query and writes its rows into a stream, no faster than they are read. */
export async function streamQuery(stream: Writable, call: QueryCall): Promise<void> {
  const { query } = call
  const abandoned = await writeRows(stream, async (signal) => {
    const { integers, rounded } = readingOf(query, call.options)
    const rows = await connectionOf(call).stream(query.sql, boundValues(query), { integers, signal })
    return rounded || call.options.driverErrors ? streamedRows(rows, { rounded, options: call.options }) : rows
  })
  if (abandoned) connectionOf(call).spend()
}

interface StreamSettings extends Pick<QueryCall, 'options'> {
  readonly rounded: boolean
}

async function* streamedRows(rows: AsyncIterable<Row>, { rounded, options }: StreamSettings): AsyncIterable<Row> {
  try {
    for await (const row of rows) yield rounded ? roundIntegers(row) : row
  } catch (error) {
    throw await refusalOf(error, options)
  }
}

/** Refuses as Knex's own clients do, and in their words. */
function connectionOf({ connection, query }: QueryCall): PooledConnection {
  if (!query.sql) throw new Error('The query is empty')
  if (connection === undefined) throw new Error('No connection provided')
  return pooledConnection(connection)
}

/** What a transaction of Knex begins and ends with is the engine's to do, which knows what has become of it when a connection is lost. */
async function controlTransaction(pooled: PooledConnection, sql: string): Promise<boolean> {
  switch (sql) {
    case 'BEGIN;':
      pooled.begin({})
      return true
    case 'BEGIN READ ONLY;':
      pooled.begin({ readonly: true })
      return true
    case 'COMMIT;':
      await pooled.commit()
      return true
    case 'ROLLBACK':
      await pooled.rollback()
      return true
    default:
      return false
  }
}

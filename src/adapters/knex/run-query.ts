import type { Writable } from 'node:stream'
import type { AsyncConnection } from '../../engine/contract.ts'
import type { Row } from '../../sql/executor.ts'
import { boundValues, type KnexQuery, mayGiveRows, readingOf, roundIntegers, setAnswer } from './knex-query.ts'
import { type PooledConnection, pooledConnection } from './pooled-connection.ts'
import { writeRows } from './write-rows.ts'

/** A query, and what it runs on. */
export interface QueryCall {
  /** Undefined where somebody has given Knex none. */
  readonly connection: AsyncConnection | undefined
  readonly query: KnexQuery
  /** `connection.options` of Knex's configuration. */
  readonly connectionOptions: unknown
}

/** Runs a query to its last row and writes the answer into it. */
export async function runQuery(call: QueryCall): Promise<KnexQuery> {
  const { query } = call
  const pooled = connectionOf(call)
  // What a user writes as raw SQL is a statement like any other.
  if (query.method === undefined && (await controlTransaction(pooled, query.sql))) return query
  const { timeout, cancelOnTimeout } = query
  const reading = readingOf(query, call.connectionOptions)
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
    const { integers, rounded } = readingOf(query, call.connectionOptions)
    const rows = await connectionOf(call).stream(query.sql, boundValues(query), { integers, signal })
    return rounded ? roundedRows(rows) : rows
  })
  if (abandoned) connectionOf(call).spend()
}

async function* roundedRows(rows: AsyncIterable<Row>): AsyncIterable<Row> {
  for await (const row of rows) yield roundIntegers(row)
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

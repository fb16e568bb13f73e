import { createConnection, type Connection as MysqlConnection } from 'mysql2/promise'
import pg from 'pg'
import { type TestServer, testServers } from '../test-servers.ts'

/** A server as the tests of texts use it: through its driver and nothing of ours. */
export interface ParsingServer {
  /** Why there is none; undefined when it answers. */
  readonly missing: string | undefined
  /** Has the server parse one statement: how many parameters it finds. */
  countParameters(text: string): Promise<number>
  /** Rows as arrays. */
  query(text: string, values?: readonly string[]): Promise<unknown[][]>
  close(): Promise<void>
}

export async function connectPostgresql(): Promise<ParsingServer> {
  const { url, missing } = testServers.postgresql
  if (missing !== undefined) return absent(testServers.postgresql)
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  await client.connect()
  return {
    missing: undefined,
    countParameters: (text) => describePostgresql(client, text),
    query: async (text, values = []) => (await client.query({ text, values: [...values], rowMode: 'array' })).rows,
    close: () => client.end(),
  }
}

export async function connectMysql(): Promise<ParsingServer> {
  const { url, missing } = testServers.mysql
  if (missing !== undefined) return absent(testServers.mysql)
  const connection = await createConnection({ uri: url, connectTimeout: 5_000 })
  return {
    missing: undefined,
    countParameters: (text) => describeMysql(connection, text),
    query: async (sql, values = []) => (await connection.query({ sql, values: [...values], rowsAsArray: true }))[0] as unknown[][],
    close: () => connection.end(),
  }
}

function absent({ missing, required }: TestServer): ParsingServer {
  const refuse = () => Promise.reject(new Error(missing))
  if (required) throw new Error(missing)
  return { missing, countParameters: refuse, query: refuse, close: async () => {} }
}

/** Parse and Describe, which run nothing: the driver itself only does so on its way to an execution. */
async function describePostgresql(client: pg.Client, text: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const { connection } = client
  let count = 0
  const learn = ({ dataTypeIDs }: { readonly dataTypeIDs: readonly number[] }): void => {
    count = dataTypeIDs.length
  }
  connection.on('parameterDescription', learn)
  client.query({
    submit: () => {
      connection.parse({ name: '', text, types: [] }, true)
      connection.describe({ type: 'S', name: '' }, true)
      connection.sync()
    },
    handleRowDescription: () => {},
    handleError: reject,
    handleReadyForQuery: () => resolve(),
  } as pg.Submittable)
  try {
    await promise
  } finally {
    connection.off('parameterDescription', learn)
  }
  return count
}

async function describeMysql(connection: MysqlConnection, text: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  // What the driver keeps of a prepared statement says nothing of its parameters in its types.
  const { connection: plain } = connection as unknown as { readonly connection: { prepare(sql: string, done: Prepared): void } }
  plain.prepare(text, (error, statement) => {
    if (error !== null || statement === undefined) return reject(error)
    resolve(statement.parameters.length)
    statement.close()
  })
  return promise
}

type Prepared = (error: Error | null, statement?: { readonly parameters: readonly unknown[]; close(): void }) => void

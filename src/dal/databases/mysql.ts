import { createEngine } from '../../engine/engine.ts'
import { DatabaseError } from '../../errors.ts'
import type { Executor } from '../../sql/executor.ts'
import type { EngineURL } from '../../sql/url.ts'
import { alreadyThere, mark, notOurs, notThere } from './mark.ts'

/** Databases that this process has made, by their server: MySQL has no place for a mark. */
const made = new Set<string>()

export async function createMysqlDatabase(url: EngineURL, database: string): Promise<void> {
  await onServer(url, async (server) => {
    if (await isThere(server, database)) throw alreadyThere(database)
    const comment = (await hasComments(server)) ? ` comment = '${mark}'` : ''
    await server.execute(`create database ${server.dialect.quoteIdentifier(database)}${comment}`)
    made.add(keyOf(url, database))
  })
}

export async function dropMysqlDatabase(url: EngineURL, database: string): Promise<void> {
  await onServer(url, async (server) => {
    if (!(await isThere(server, database))) throw notThere(database)
    if (!(await isOurs(server, url, database))) throw notOurs(database)
    const sessions = await server
      .execute('select id from information_schema.processlist where db = ? and id <> connection_id()', [database])
      .scalars<number>()
    // What a session has open would keep DROP DATABASE waiting.
    for (const id of sessions) await endSession(server, id)
    await server.execute(`drop database ${server.dialect.quoteIdentifier(database)}`)
    made.delete(keyOf(url, database))
  })
}

async function isThere(server: Executor, database: string): Promise<boolean> {
  return (await server.execute('select 1 from information_schema.schemata where schema_name = ?', [database]).first()) !== null
}

/** Where databases have comments, it is they that count: another one may have the name by now. */
async function isOurs(server: Executor, url: EngineURL, database: string): Promise<boolean> {
  if (!(await hasComments(server))) return made.has(keyOf(url, database))
  return (await server.scalar('select schema_comment from information_schema.schemata where schema_name = ?', [database])) === mark
}

/** MariaDB, from 10.5 on. */
async function hasComments(server: Executor): Promise<boolean> {
  const query = `select 1 from information_schema.columns where table_schema = 'information_schema' and table_name = 'SCHEMATA' and column_name = 'SCHEMA_COMMENT'`
  return (await server.execute(query).first()) !== null
}

async function endSession(server: Executor, id: number): Promise<void> {
  try {
    await server.execute(`kill ${Number(id)}`)
  } catch (error) {
    // It has ended by itself meanwhile.
    if (!(error instanceof DatabaseError)) throw error
  }
}

function keyOf({ host = 'localhost', port = 3306, query }: EngineURL, database: string): string {
  return JSON.stringify([query['socket'] ?? host, port, database])
}

async function onServer(url: EngineURL, work: (server: Executor) => Promise<void>): Promise<void> {
  await using engine = createEngine(url.with({ database: undefined }), { placement: 'main', pool: { max: 1 } })
  await work(engine)
}

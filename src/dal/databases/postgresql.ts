import { createEngine } from '../../engine/engine.ts'
import type { Executor } from '../../sql/executor.ts'
import type { EngineURL } from '../../sql/url.ts'
import { alreadyThere, mark, notOurs, notThere } from './mark.ts'

/** The numbers of databases that this process has made: a server gives none of them twice. */
const made = new Set<string>()

interface Found {
  readonly oid: string
  readonly comment: string | null
}

export async function createPostgresqlDatabase(url: EngineURL, database: string): Promise<void> {
  await onServer(url, async (server) => {
    if ((await find(server, database)) !== null) throw alreadyThere(database)
    const name = server.dialect.quoteIdentifier(database)
    await server.execute(`create database ${name}`)
    try {
      await server.execute(`comment on database ${name} is '${mark}'`)
      const found = await find(server, database)
      if (found !== null) made.add(found.oid)
    } catch (error) {
      // Without its mark nobody could drop it.
      await server.execute(`drop database ${name}`)
      throw error
    }
  })
}

export async function dropPostgresqlDatabase(url: EngineURL, database: string): Promise<void> {
  await onServer(url, async (server) => {
    const found = await find(server, database)
    if (found === null) throw notThere(database)
    if (found.comment !== mark && !made.has(found.oid)) throw notOurs(database)
    const name = server.dialect.quoteIdentifier(database)
    const version = Number(await server.scalar('show server_version_num'))
    if (version < 130_000) {
      await server.execute('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()', [
        database,
      ])
    }
    await server.execute(`drop database ${name}${version < 130_000 ? '' : ' with (force)'}`)
    made.delete(found.oid)
  })
}

async function find(server: Executor, database: string): Promise<Found | null> {
  return await server
    .execute<Found>(`select oid::text as oid, shobj_description(oid, 'pg_database') as comment from pg_database where datname = $1`, [
      database,
    ])
    .first()
}

/** Through the database that every server has for this: nobody creates or drops the one that he is in. */
async function onServer(url: EngineURL, work: (server: Executor) => Promise<void>): Promise<void> {
  const { options: _, ...query } = url.query
  await using engine = createEngine(url.with({ database: 'postgres', query }), { placement: 'main', pool: { max: 1 } })
  await work(engine)
}

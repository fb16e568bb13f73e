/**
 * Migrates the database of the URL it is given, with the busy timeout that may stand behind it. It prints what happens, a word a line:
 * `inside` when its migration has begun, which then waits for a line of input; `waiting` when another process has kept it from beginning;
 * and at last what the migrator says, as JSON.
 */
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { createEngine } from 'offloop'
import { kysely } from 'offloop/kysely'

const migration: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`insert into migrated (process) values (${process.pid})`.execute(db)
    console.log('inside')
    await once(process.stdin, 'data')
    await db.schema.createTable('made').addColumn('x', 'integer').execute()
  },
}

const [, , url = '', busyTimeoutMs] = process.argv
const engine = createEngine(url, busyTimeoutMs === undefined ? {} : { busyTimeoutMs: Number(busyTimeoutMs) })
channel('tracing:offloop:transaction:error').subscribe(() => console.log('waiting'))
const migrator = new Migrator({ db: kysely(engine), provider: { getMigrations: async () => ({ only: migration }) } })
const { error, results } = await migrator.migrateToLatest()
console.log(JSON.stringify({ error: error === undefined ? null : String(error), results }))
await engine.close()
process.stdin.destroy()

/** Migrates a database, as one of two programs that do so at once: `migrate-once.ts <url> <folder>`; begins when its parent says so. */
import { once } from 'node:events'
import { createEngine } from 'offloop'
import { drizzle, migrate } from 'offloop/drizzle'

const [, , url = '', migrationsFolder = ''] = process.argv
// On a busy machine the other one may take its time.
const engine = createEngine(url, { busyTimeoutMs: 20_000 })
await engine.connect().then((connection) => connection.close())
process.send?.('ready')
await once(process, 'message')
await migrate(drizzle(engine), { migrationsFolder })
await engine.close()
process.disconnect()

import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { createEngine } from 'offloop'
import { Migrations } from 'offloop/migrations'

// Migrates a database by the files of a folder, and says so: a line for each transaction that has ended, and at last what it has applied, as JSON.
const [url = '', directory = '', start = ''] = process.argv.slice(2)
const say = (line: string) => writeSync(1, `${line}\n`)

channel('tracing:offloop:transaction:asyncEnd').subscribe(() => say('transaction'))
const engine = createEngine(url)
if (start === 'wait') {
  say('ready')
  await once(process.stdin, 'data')
}
const steps = await new Migrations(engine, { directory }).up()
say(JSON.stringify(steps.map(({ name }) => name)))
await engine.close()
process.stdin.destroy()

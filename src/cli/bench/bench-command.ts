import type { Command } from 'commander'
import type { AsyncEngine } from '../../engine/contract.ts'
import { createEngine } from '../../engine/engine.ts'
import type { Executor } from '../../sql/executor.ts'
import type { Parameters } from '../../sql/statement.ts'
import { databaseFirst, databaseHelp, databaseUrl } from '../database-argument.ts'
import { Failure, UsageError } from '../failure.ts'
import { count, say } from '../messages.ts'
import { collect, positiveInteger, positiveNumber } from '../output-options.ts'
import { parameterHelp, readParameters } from '../parameters.ts'
import { printableJson } from '../printable.ts'
import { jsonText } from '../shown-value.ts'
import { TableWriter } from '../table-writer.ts'
import { stdout } from '../text-output.ts'
import { openEngine } from '../with-database.ts'
import { type Measured, measureSide, type Side } from './measure-side.ts'

interface BenchOptions {
  readonly seconds: number
  readonly inFlight: number
  readonly param?: readonly string[]
  readonly json?: true
}

/** The sides take turns, so that a neighbour of the machine who wakes up bothers all of them. */
const rounds = 3

const afterHelp = `
Examples:
  offloop bench app.db 'select * from users where id = ?' -p 7
  offloop bench app.db 'select day, count(*) from orders group by day'
  offloop bench postgresql://me@localhost/shop 'select * from orders limit 1000'

Runs the query again and again on this database: through the driver on the same
thread, better-sqlite3 called directly or the server's own one, and through the
engine, one at a time and several. Ratios are within this run; the seconds
themselves depend on what else the machine does. The longest gap is how long at
a stretch the event loop stood still: what any other request of the program
would have waited. The query cannot change anything: the database refuses it.`

export function defineBench(command: Command): void {
  command
    .argument('[database]', databaseHelp)
    .argument('[sql]', 'the query')
    .option('-p, --param <value>', parameterHelp, collect)
    .option('--seconds <number>', 'for each side', positiveNumber, 2)
    .option('--in-flight <number>', 'how many queries wait at once on the last side', positiveInteger, 16)
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', afterHelp)
    .action(bench)
}

async function bench(first: string | undefined, second: string | undefined, options: BenchOptions): Promise<void> {
  const [database, sql] = second === undefined ? databaseFirst(first) : [first, second]
  if (sql === undefined) throw new UsageError('Which query? Write it behind the database.')
  const engine = openEngine(database, {})
  // No signal is listened to: a driver that blocks this thread would keep Ctrl-C from being heard.
  try {
    const params = readParameters(options.param, sql, engine.dialect.name)
    await compare({ engine, database, sql, params }, options)
  } finally {
    await engine.close({ force: true, timeoutMs: 1_000 })
  }
}

interface Comparison {
  readonly engine: AsyncEngine
  readonly database: string | undefined
  readonly sql: string
  readonly params: Parameters | undefined
}

async function compare(comparison: Comparison, options: BenchOptions): Promise<void> {
  const { engine, sql, params } = comparison
  const direct = await openDirect(comparison)
  try {
    await onlyReading(engine, async (executor) => {
      const run = async (): Promise<number> => (await executor.execute(sql, params).fetchall()).length
      const sides: readonly Side[] = [
        direct.side,
        { name: 'offloop, one at a time', inFlight: 1, run },
        { name: `offloop, ${options.inFlight} at a time`, inFlight: options.inFlight, run },
      ]
      await report(sides, await rowsOf(sides), await measure(sides, options.seconds), options)
    })
  } finally {
    await direct.close()
  }
}

/** Runs each side once, so that it is warm, and holds their answers against each other. */
async function rowsOf(sides: readonly Side[]): Promise<number> {
  const rows: number[] = []
  for (const { run } of sides) rows.push(await run())
  if (new Set(rows).size === 1) return rows[0] as number
  throw new Failure(`The query gives now ${rows.join(', now ')} rows: what is compared has to be the same each time.`)
}

async function measure(sides: readonly Side[], seconds: number): Promise<readonly Measured[]> {
  const measured = sides.map((): Measured => ({ runs: 0, elapsedMs: 0, longestGapMs: 0, busyMs: 0 }))
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, side] of sides.entries()) await measureSide(side, (seconds * 1_000) / rounds, measured[at] as Measured)
  }
  return measured
}

async function report(sides: readonly Side[], rows: number, measured: readonly Measured[], { json }: BenchOptions): Promise<void> {
  const perSecond = measured.map(({ runs, elapsedMs }) => (runs / elapsedMs) * 1_000)
  const results = sides.map(({ name }, at) => {
    const { longestGapMs, busyMs, elapsedMs, runs } = measured[at] as Measured
    const queriesPerSecond = perSecond[at] as number
    return { name, runs, queriesPerSecond, ratio: queriesPerSecond / (perSecond[0] as number), longestGapMs, busyShare: busyMs / elapsedMs }
  })
  if (json === true) return await stdout.print(`${jsonText({ rows, results })}\n`, printableJson)
  const table = new TableWriter(stdout)
  await table.begin(['', 'queries a second', 'ratio', 'longest gap', 'this thread busy'])
  await table.rows(
    results.map(({ name, queriesPerSecond, ratio, longestGapMs, busyShare }) => [
      name,
      count(queriesPerSecond < 10 ? Math.round(queriesPerSecond * 10) / 10 : Math.round(queriesPerSecond)),
      ratio.toFixed(2),
      `${longestGapMs.toFixed(longestGapMs < 10 ? 1 : 0)} ms`,
      `${Math.round(busyShare * 100)} %`,
    ]),
  )
  await table.end()
  say(`${count(rows, 'row')} each time; ratios are within this run.`)
}

interface DirectSide {
  readonly side: Side
  readonly close: () => Promise<void> | void
}

/** The driver on this very thread: better-sqlite3 without anything around it, or the driver of a server. */
async function openDirect({ engine, database, sql, params }: Comparison): Promise<DirectSide> {
  const { url, dialect, driver } = engine
  if (!dialect.embedded) {
    const main = createEngine(databaseUrl(database), { placement: 'main' })
    // In a transaction of a server nothing can be changed either; closing rolls it back.
    const tx = await main.begin({ readonly: true })
    const run = async (): Promise<number> => (await tx.execute(sql, params).fetchall()).length
    return { side: { name: `${driver} on this thread`, inFlight: 1, run }, close: () => main.close({ force: true, timeoutMs: 1_000 }) }
  }
  if (url.database === undefined || url.database === ':memory:') throw new Failure('A memory database is empty: expected a file.')
  const { default: Database } = await import('better-sqlite3')
  const file = url.database
  const asFailure = <T>(work: () => T, close?: () => void): T => {
    try {
      return work()
    } catch (error) {
      close?.()
      throw new Failure((error as Error).message, { cause: error })
    }
  }
  const db = asFailure(() => new Database(file, { readonly: true, fileMustExist: true }))
  const close = (): void => void db.close()
  const statement = asFailure(() => {
    const prepared = db.prepare(sql)
    if (!prepared.reader) throw new Error('The statement gives no rows: expected a query.')
    return prepared
  }, close)
  const values = directValues(params)
  const run = (): number => asFailure(() => statement.all(...values).length, close)
  return { side: { name: 'better-sqlite3 on this thread', inFlight: 1, run }, close }
}

/** As the engine binds them: SQLite has no booleans. */
function directValues(params: Parameters | undefined): readonly unknown[] {
  if (params === undefined) return []
  const bound = (value: unknown): unknown => (typeof value === 'boolean' ? Number(value) : value)
  if (Array.isArray(params)) return params.map(bound)
  return [Object.fromEntries(Object.entries(params).map(([name, value]) => [name, bound(value)]))]
}

/** One connection that can only read. */
async function onlyReading(engine: AsyncEngine, work: (executor: Executor) => Promise<void>): Promise<void> {
  if (!engine.dialect.embedded) return await engine.transaction(work, { readonly: true })
  const conn = await engine.connect({ readonly: true })
  await work(conn).finally(() => conn.close())
}

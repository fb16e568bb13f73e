import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import type { AsyncEngine } from '../engine/contract.ts'
import { type SqlStatement, splitStatements } from '../migrations/split-statements.ts'
import type { DialectName } from '../sql/dialect.ts'
import type { Executor } from '../sql/executor.ts'
import { closeEngine, isStuck } from './close-engine.ts'
import { databaseFirst, databaseHelp, databaseUrl } from './database-argument.ts'
import { describeError, Failure, UsageError } from './failure.ts'
import { duration, say } from './messages.ts'
import { addOutputOptions, collect, formatOf, type OutputOptions, positiveNumber } from './output-options.ts'
import { parameterHelp, readParameters } from './parameters.ts'
import type { Format } from './row-writer.ts'
import { describeOutcome, type Outcome, type RunSettings, runStatement, surelyReturnsRows } from './run-statement.ts'
import { OutputClosedError, stdout } from './text-output.ts'
import { withDatabase } from './with-database.ts'

interface QueryOptions extends OutputOptions {
  readonly file?: string
  readonly param?: readonly string[]
  readonly transaction?: true
  readonly readonly?: true
  readonly create?: true
  readonly timeout?: number
}

const examples = `
Examples:
  offloop query app.db 'select * from users'
  offloop query app.db 'select * from users where id = ?' -p 7
  offloop query app.db 'insert into users (name) values (:name)' -p name=Ada
  offloop query postgresql://me@localhost/shop 'select * from orders' --json
  offloop query app.db --transaction < script.sql

A table on a terminal is as wide as that: what does not fit is cut with a mark,
and rows that are too wide become a line for each value. JSON, JSON Lines and
CSV have every value whole, bytes as hexadecimal digits, and of several
statements the rows of one; in CSV NULL is nothing and '' is "".`

export function defineQuery(command: Command): void {
  command
    .argument('[database]', databaseHelp)
    .argument('[sql]', 'one or more statements, or - for stdin; else they are read from --file or from stdin')
    .option('-f, --file <path>', 'read the statements from a file')
    .option('-p, --param <value>', parameterHelp, collect)
  addOutputOptions(command)
    .option('--transaction', 'run all statements in one transaction: all or nothing')
    .option('--readonly', 'let the database refuse whatever writes')
    .option('--create', 'make the SQLite file where there is none')
    .option('--timeout <seconds>', 'give up a statement that takes longer', positiveNumber)
    .addHelpText('after', examples)
    .action(query)
}

async function query(first: string | undefined, second: string | undefined, options: QueryOptions): Promise<void> {
  // The database may be left out where the environment names one, and the SQL where it is read from elsewhere.
  const [database, argument] = second === undefined && options.file === undefined ? databaseFirst(first) : [first, second]
  const wish = { missing: options.create === true ? 'made' : 'refused', killable: options.timeout !== undefined } as const
  // A database that is none is told before anybody is waited for on stdin.
  databaseUrl(database, wish)
  const sql = await readSql(argument, options.file)
  await withDatabase(database, wish, async (engine, signal) => {
    const statements = splitStatements(sql, engine.dialect.name)
    if (statements.length === 0) throw new UsageError('Expected a statement, and found none.')
    if (statements.length > 1 && options.param !== undefined) throw new UsageError('Parameters are for one statement: found several.')
    checkResults(statements, engine.dialect.name, formatOf(options))
    await onConnection(engine, options, async (executor) => {
      try {
        await runAll(executor, statements, { ...options, signal })
      } catch (error) {
        // A rollback would wait for a statement that was given up inside a native call.
        if (isStuck(engine)) await closeEngine(engine, { force: true })
        throw error
      }
    })
  })
}

async function readSql(argument: string | undefined, file: string | undefined): Promise<string> {
  if (file !== undefined && argument !== undefined)
    throw new UsageError('Expected statements on the command line or in --file, and found both.')
  // As `import` and `export` call stdin.
  if (file === '-' || argument === '-') return await text(process.stdin)
  return file === undefined ? (argument ?? (await readStdin())) : await readFile(file, 'utf8')
}

async function readStdin(): Promise<string> {
  if (process.stdin.isTTY) throw new UsageError('Expected statements as the second argument, in --file, or on stdin.')
  return await text(process.stdin)
}

async function onConnection(engine: AsyncEngine, options: QueryOptions, work: (executor: Executor) => Promise<void>): Promise<void> {
  const readonly = options.readonly === true
  if (options.transaction === true) return await engine.transaction(work, { readonly })
  if (readonly && !engine.dialect.embedded) return await engine.transaction(work, { readonly })
  const conn = await engine.connect({ readonly })
  try {
    await work(conn)
  } finally {
    await conn.close()
  }
}

async function runAll(
  executor: Executor,
  statements: readonly SqlStatement[],
  options: QueryOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const { header, signal, timeout } = options
  const format = formatOf(options)
  const forPeople = format === 'table' || format === 'vertical'
  const timeoutMs = timeout === undefined ? undefined : timeout * 1_000
  const onRows = forPeople ? undefined : oneResult(format)
  for (const [at, { text: sql, line }] of statements.entries()) {
    const params = readParameters(options.param, sql, executor.dialect.name)
    const settings: RunSettings = {
      ...{ output: stdout, format, header, params, signal, timeoutMs },
      // Between other results it would be no JSON.
      tellsChanges: statements.length === 1,
      ...(onRows === undefined ? {} : { onRows }),
    }
    const begun = performance.now()
    try {
      const outcome = await runStatement(executor, sql, settings)
      if (forPeople) report(outcome, performance.now() - begun)
    } catch (error) {
      if (error instanceof OutputClosedError)
        throw new OutputClosedError({ workLeft: options.transaction === true || at < statements.length - 1 })
      if (statements.length === 1 || signal.aborted) throw error
      throw new Failure(`line ${line}: ${describeError(error)}`, { cause: error })
    }
  }
}

/** To be called with each result that has rows: refuses the second. */
function oneResult(format: Format): () => void {
  let results = 0
  return () => {
    results += 1
    if (results > 1) throw new Failure(`a second result with rows, and ${format} has room for one: expected --format table.`)
  }
}

/**
 * Before anything is run: a script that is refused in its middle has done half of its work.
 *
 * @throws {Failure} more than one statement gives rows, as far as their texts tell
 */
function checkResults(statements: readonly SqlStatement[], dialect: DialectName, format: Format): void {
  if (format === 'table' || format === 'vertical') return
  const second = statements.filter(({ text: sql }) => surelyReturnsRows(sql, dialect))[1]
  if (second === undefined) return
  throw new Failure(
    `line ${second.line}: a second result with rows, and ${format} has room for one: expected --format table. Nothing was run.`,
  )
}

/** For a person: what is printed into a pipe or a file is the rows alone. */
function report(outcome: Outcome, ms: number): void {
  if (!outcome.returnsRows) say(`${describeOutcome(outcome)} (${duration(ms)})`)
  else if (process.stdout.isTTY) say(`${describeOutcome(outcome)} (${duration(ms)})\n`)
}

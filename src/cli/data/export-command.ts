import { existsSync } from 'node:fs'
import { Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { type Command, Option } from 'commander'
import { exportData } from '../../data/export-data.ts'
import type { FileFormat } from '../../data/import-data.ts'
import { databaseHelp } from '../database-argument.ts'
import { Failure, UsageError } from '../failure.ts'
import { count } from '../messages.ts'
import { collect } from '../output-options.ts'
import { parameterHelp, readParameters } from '../parameters.ts'
import { withProgress } from '../progress.ts'
import { stdout } from '../text-output.ts'
import { withDatabase } from '../with-database.ts'
import { type DataFile, fileFormats, readDataFile } from './data-file.ts'
import { type ReportOptions, reportData } from './report-data.ts'

interface ExportCommandOptions extends ReportOptions {
  readonly format?: FileFormat
  readonly table?: readonly string[]
  readonly query?: string
  readonly param?: readonly string[]
  readonly force?: true
}

const afterHelp = `
Examples:
  offloop export app.db all.yaml
  offloop export app.db users.csv
  offloop export app.db some.json --table users --table orders
  offloop export app.db paid.csv --query 'select * from orders where paid'
  offloop export app.db - --format csv --table users | gzip > users.csv.gz

What it writes \`offloop import\` reads. YAML and JSON hold all tables but that of
the migrations, or those that are named; CSV and JSON Lines the one that --table
names, or that the file is called after. The rows are those of one moment, and
the file is there when all of it is.`

export function defineExport(command: Command): void {
  command
    .argument('[database]', databaseHelp)
    .argument('[file]', 'where to write; - is stdout')
    .addOption(new Option('--format <format>', 'of the file; default: what its name ends in').choices(fileFormats))
    .option('--table <name>', 'only this table; with --query, what YAML and JSON call its rows; may be repeated', collect)
    .option('--query <sql>', 'the rows of a query in place of a table')
    .option('-p, --param <value>', `of --query: ${parameterHelp}`, collect)
    .option('--force', 'write over a file that is there')
    .option('-q, --quiet', 'show no progress')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', afterHelp)
    .action(exportFile)
}

async function exportFile(first: string | undefined, second: string | undefined, options: ExportCommandOptions): Promise<void> {
  const file = readDataFile(first, second, options.format)
  const { database, name, path } = file
  if (path !== null && options.force !== true && existsSync(path)) throw new Failure(`${name} is there already: --force writes over it.`)
  if (path === null && options.json === true) throw new UsageError('--json prints on stdout, where the rows go: name a file.')
  if (options.param !== undefined && options.query === undefined) throw new UsageError('--param is for --query.')
  await withDatabase(database, {}, async (engine, signal) => {
    const { value, ms } = await withProgress({ label: 'export', quiet: options.quiet === true }, (progress) =>
      exportData(engine, path === null ? ontoStdout() : pathToFileURL(path), {
        ...chosen(file, options),
        params: options.query === undefined ? undefined : readParameters(options.param, options.query, engine.dialect.name),
        format: file.format,
        signal,
        onProgress: ({ rows, totalRows }) =>
          progress.update(
            totalRows ? rows / totalRows : null,
            totalRows === undefined ? count(rows, 'row') : `${count(rows)} of ${count(totalRows, 'row')}`,
          ),
      }),
    )
    await reportData({ file: name, rowcount: value.rowcount, tables: value.tables, seconds: ms / 1_000 }, options)
  })
}

/** Which rows: those of a query, of some tables, or of all. */
function chosen(
  { format, table: ofName, name }: DataFile,
  { table, query }: ExportCommandOptions,
): { readonly query?: string; readonly table?: string | undefined; readonly tables?: readonly string[] } {
  const holdsMany = format === 'yaml' || format === 'json'
  if (query === undefined && holdsMany) return table === undefined ? {} : { tables: table }
  if (table !== undefined && table.length > 1)
    throw new UsageError(`${query === undefined ? format : 'A query'} has the rows of one table: expected one --table.`)
  if (query !== undefined) {
    if (holdsMany && table === undefined) throw new UsageError(`${format} names the table of its rows: expected --table beside --query.`)
    return { query, table: table?.[0] }
  }
  const one = table?.[0] ?? ofName
  if (one === undefined) throw new UsageError(`Which table? ${name} does not tell: expected --table or --query.`)
  return { table: one }
}

/** Writes as fast as it is read. On a terminal nothing in it reaches that as a command. */
function ontoStdout(): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      stdout.print(chunk).then(() => done(), done)
    },
  })
}

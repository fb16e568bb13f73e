import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type Command, Option } from 'commander'
import { type FileFormat, importData } from '../../data/import-data.ts'
import { databaseHelp } from '../database-argument.ts'
import { Failure, UsageError } from '../failure.ts'
import { count } from '../messages.ts'
import { withProgress } from '../progress.ts'
import { withDatabase } from '../with-database.ts'
import { fileFormats, readDataFile } from './data-file.ts'
import { type ReportOptions, reportData } from './report-data.ts'

interface ImportCommandOptions extends ReportOptions {
  readonly format?: FileFormat
  readonly table?: string
}

const afterHelp = `
Examples:
  offloop import app.db users.csv
  offloop import app.db people.csv --table users
  offloop import postgresql://me@localhost/shop fixtures.yaml
  zcat users.csv.gz | offloop import app.db - --format csv --table users

All rows are in the tables at the end, or none: a row that is refused is named
by its line. YAML and JSON are lists of { model: table, data: [rows] }; CSV has
a line with the names of its columns; the table of CSV and JSON Lines is the
one that the file is called after, unless --table says another.`

export function defineImport(command: Command): void {
  command
    .argument('[database]', databaseHelp)
    .argument('[file]', 'what to read; - is stdin')
    .addOption(new Option('--format <format>', 'of the file; default: what its name ends in').choices(fileFormats))
    .option('--table <name>', 'CSV and JSON Lines: the table of the rows')
    .option('-q, --quiet', 'show no progress')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', afterHelp)
    .action(importFile)
}

async function importFile(first: string | undefined, second: string | undefined, options: ImportCommandOptions): Promise<void> {
  const { database, name, path, format, table } = readDataFile(first, second, options.format)
  if (path !== null && !existsSync(path)) throw new Failure(`There is no file ${name}.`)
  if (path === null && process.stdin.isTTY) throw new UsageError('Expected rows on stdin, and found a terminal.')
  await withDatabase(database, {}, async (engine, signal) => {
    const source = path === null ? process.stdin : pathToFileURL(path)
    const { value, ms } = await withProgress({ label: 'import', quiet: options.quiet === true }, (progress) =>
      importData(engine, source, {
        format,
        table: options.table ?? table,
        signal,
        onProgress: ({ rows, bytes, totalBytes }) =>
          progress.update(totalBytes ? Math.min(bytes / totalBytes, 1) : null, count(rows, 'row')),
      }),
    )
    await reportData({ file: name, rowcount: value.rowcount, tables: value.tables, seconds: ms / 1_000 }, options)
  })
}

import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { databaseAndFile, databaseHelp } from './database-argument.ts'
import { Failure } from './failure.ts'
import { count, duration, say } from './messages.ts'
import { printableJson } from './printable.ts'
import { withProgress } from './progress.ts'
import { jsonText } from './shown-value.ts'
import { stdout } from './text-output.ts'
import { withDatabase } from './with-database.ts'

interface BackupOptions {
  readonly force?: true
  readonly quiet?: true
  readonly json?: true
}

const afterHelp = `
Examples:
  offloop backup app.db copy.db
  OFFLOOP_URL=app.db offloop backup copy.db

Others may read and write meanwhile; the copy is of one moment. Interrupted, it
leaves no file behind.`

export function defineBackup(command: Command): void {
  command
    .argument('[database]', databaseHelp)
    .argument('[file]', 'where to put the copy')
    .option('--force', 'write over a file that is there')
    .option('-q, --quiet', 'show no progress')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', afterHelp)
    .action(backup)
}

async function backup(first: string | undefined, second: string | undefined, { force, quiet, json }: BackupOptions): Promise<void> {
  const [database, file] = databaseAndFile(first, second, 'Where to? Name the file of the copy behind the database.')
  if (existsSync(file) && force !== true) throw new Failure(`${file} is there already: --force writes over it.`)
  await withDatabase(database, {}, async (engine, signal) => {
    let pages = 0
    const { ms } = await withProgress({ label: 'backup', quiet: quiet === true }, (progress) =>
      engine.backup(file, {
        signal,
        onProgress: ({ totalPages, remainingPages }) => {
          pages = totalPages
          const done = totalPages - remainingPages
          progress.update(totalPages === 0 ? null : done / totalPages, `${count(done)} of ${count(totalPages, 'page')}`)
        },
      }),
    )
    const { size: bytes } = statSync(file)
    if (json === true) await stdout.print(`${jsonText({ file: resolve(file), pages, bytes, seconds: ms / 1_000 })}\n`, printableJson)
    else if (quiet !== true) say(`${file}: ${count(pages, 'page')}, ${count(bytes, 'byte')} in ${duration(ms)}`)
  })
}

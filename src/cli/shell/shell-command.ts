import { type Command, Option } from 'commander'
import { closeEngine } from '../close-engine.ts'
import { databaseHelp } from '../database-argument.ts'
import { CommandFailed } from '../failure.ts'
import { interruptible } from '../interruption.ts'
import { addOutputOptions, formatOf, type OutputOptions } from '../output-options.ts'
import { openEngine } from '../with-database.ts'
import { defaultHistoryFile } from './history.ts'
import { Shell } from './shell.ts'
import { ShellSession } from './shell-session.ts'

interface ShellCommandOptions extends OutputOptions {
  readonly readonly?: true
  readonly create?: true
  readonly interrupt?: string
  readonly history: string
}

const afterHelp = `
Examples:
  offloop shell app.db
  offloop shell postgresql://me@localhost/shop --readonly
  offloop shell app.db --interrupt ./offloop-interrupt.so

Statements end with a semicolon; .help tells the rest. Ctrl-C stops the
statement that runs, and not the shell. With an SQLite file a statement that
gives no rows for long is stopped together with its connection, and so with an
open transaction: --interrupt, or OFFLOOP_INTERRUPT, names the extension that
stops it alone.

The history is kept in ~/.offloop_history, or where OFFLOOP_HISTORY says,
without lines that hold a password.`

export function defineShell(command: Command): void {
  command
    .argument('[database]', databaseHelp)
    .option('--readonly', 'let the database refuse whatever writes')
    .option('--create', 'make the SQLite file where there is none')
    .option('--interrupt <file>', 'the extension that `offloop build-interrupt` builds', process.env['OFFLOOP_INTERRUPT'] || undefined)
    .addOption(new Option('--history <file>', 'where to keep what was typed').default(defaultHistoryFile(), '~/.offloop_history'))
  addOutputOptions(command).addHelpText('after', afterHelp).action(shell)
}

async function shell(database: string | undefined, options: ShellCommandOptions): Promise<void> {
  const { readonly, create, interrupt, history, header, json } = options
  const engine = openEngine(database, { missing: create === true ? 'made' : 'refused', killable: interrupt === undefined, interrupt })
  const session = new ShellSession(engine, { readonly: readonly === true })
  await interruptible(async (signal) => {
    try {
      const shell = new Shell(session, { format: formatOf(options), header, historyFile: history, jsonErrors: json === true })
      // Nothing that it has started outlives it: the process of a statement inside a native call neither.
      signal.addEventListener('abort', () => shell.stop())
      if (!(await shell.run())) throw new CommandFailed()
    } finally {
      await closeEngine(engine, { force: true })
    }
  })
}

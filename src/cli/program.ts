import { Command, CommanderError } from 'commander'
import { commandList } from './command-list.ts'
import { describe } from './describe-command.ts'
import { CommandFailed, describeError, ExitCode, errorRecord, exitCodeOf } from './failure.ts'
import { say } from './messages.ts'
import { printableJson, printableLines } from './printable.ts'
import { withoutPasswords } from './secrets.ts'
import { jsonObject } from './shown-value.ts'
import { OutputClosedError } from './text-output.ts'
import { version } from './version.ts'

const afterHelp = `
A database is an SQLite file, such as app.db, or a URL:
  sqlite:///app.db
  postgresql://user:password@host:5432/database   needs the package pg
  mysql://user:password@host:3306/database        needs the package mysql2
Without one, the environment variable OFFLOOP_URL names it: there a password is
in no list of processes.

Exit codes: 0 it worked, 1 it failed, 2 the command line was not understood;
interrupted, it ends by the signal.

offloop help query tells all about one command.`

/** Runs the command line; gives the exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram(args)
    await program.parseAsync(args, { from: 'user' })
    return ExitCode.worked
  } catch (error) {
    if (error instanceof OutputClosedError) return ExitCode.worked
    // It has said what it had to say: an error, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.worked : ExitCode.notUnderstood
    if (!(error instanceof CommandFailed)) report(error, args.includes('--json'))
    return exitCodeOf(error)
  }
}

async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('offloop')
    .description('Works with SQL databases: SQLite, PostgreSQL, MySQL and MariaDB.')
    .usage('<command> [options]')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'tell all about one command')
    .configureHelp({ subcommandTerm: (command) => (command.name() === 'help' ? 'help [command]' : command.name()) })
    .configureOutput({
      writeOut: (text) => void process.stdout.write(text),
      writeErr: (text) => void process.stderr.write(printableLines(text)),
      // A word that was not understood may be a URL.
      outputError: (text, write) => write(withoutPasswords(text)),
    })
    .showHelpAfterError('`--help` tells what is expected.')
    .addHelpText('after', afterHelp)
    .exitOverride()
  const word = args[0] === 'help' ? args[1] : args[0]
  for (const { name, summary, define } of commandList) {
    const command = describe(program.command(name), summary)
    if (name === word) (await define())(command)
  }
  return program
}

function report(error: unknown, json: boolean): void {
  if (json) process.stderr.write(`${printableJson(jsonObject([['error', errorRecord(error)]]))}\n`)
  else say(`offloop: ${describeError(error)}`)
}

import { Command, CommanderError } from 'commander'
import { endIfStuck } from './close-engine.ts'
import { commandList } from './command-list.ts'
import { describe } from './describe-command.ts'
import { CommandFailed, ExitCode, exitCodeOf, UsageError } from './failure.ts'
import { printableLines } from './printable.ts'
import { reportError } from './report-error.ts'
import { withoutPasswords } from './secrets.ts'
import { OutputClosedError, stderr } from './text-output.ts'
import { version } from './version.ts'

const afterHelp = `
A database is an SQLite file, such as app.db, or a URL:
  sqlite:///app.db
  postgresql://user:password@host:5432/database   needs the package pg
  mysql://user:password@host:3306/database        needs the package mysql2
Without one, the environment variable OFFLOOP_URL names it: there a password is
in no list of processes.

Exit codes: 0 it worked, 1 it failed, 2 the command line was not understood,
141 whoever read its output left before all of the work was done; interrupted,
it ends by the signal.

offloop help query tells all about one command.`

/** Runs the command line; gives the exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const code = await run(args, args.includes('--json'))
  endIfStuck()
  return code
}

async function run(args: readonly string[], json: boolean): Promise<number> {
  try {
    const program = await buildProgram(args, json)
    await program.parseAsync(args, { from: 'user' })
    return ExitCode.worked
  } catch (error) {
    if (error instanceof OutputClosedError) return error.workLeft ? ExitCode.unread : ExitCode.worked
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return ExitCode.worked
      // For a person it has said what it had to say.
      if (json) reportError(asUsageError(error), json)
      return ExitCode.notUnderstood
    }
    if (!(error instanceof CommandFailed)) reportError(error, json)
    return exitCodeOf(error)
  }
}

function asUsageError({ code, message }: CommanderError): UsageError {
  return new UsageError(code === 'commander.help' ? 'Expected a command: --help tells which there are.' : message.replace(/^error: /, ''))
}

async function buildProgram(args: readonly string[], json: boolean): Promise<Command> {
  const program = new Command('offloop')
    .description('Works with SQL databases: SQLite, PostgreSQL, MySQL and MariaDB.')
    .usage('<command> [options]')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'tell all about one command')
    .configureHelp({ subcommandTerm: (command) => (command.name() === 'help' ? 'help [command]' : command.name()) })
    .configureOutput({
      writeOut: (text) => void process.stdout.write(text),
      // A program that asks for JSON gets the error as JSON.
      writeErr: (text) => {
        if (!json) stderr.say(printableLines(text))
      },
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

import { readFile } from 'node:fs/promises'
import { inspect } from '../../schema/inspection/inspector.ts'
import { didYouMean, printableName } from '../../sql/nearest-name.ts'
import { padTo, widthOf } from '../columns-layout.ts'
import { UsageError } from '../failure.ts'
import { reportOf } from '../inspect/table-report.ts'
import { printable, printableLines } from '../printable.ts'
import { type Format, formats } from '../row-writer.ts'
import { screenOf } from '../terminal.ts'
import { stdout } from '../text-output.ts'
import { schemaText } from './schema-text.ts'
import type { ShellSession } from './shell-session.ts'

/** What the user has set, for the rest of the shell. */
export interface ShellSettings {
  format: Format
  timer: boolean
}

/** What a command that begins with a point may use of the shell. */
export interface DotContext {
  readonly session: ShellSession
  readonly settings: ShellSettings
  readonly quit: () => void
  /** Runs the statements of a text, up to the first that fails. */
  readonly runScript: (sql: string) => Promise<void>
}

interface DotCommand {
  readonly usage: string
  readonly summary: string
  readonly run: (context: DotContext, argument: string | undefined) => Promise<void> | void
}

const dotCommands: Readonly<Record<string, DotCommand>> = {
  help: { usage: '.help', summary: 'tells this', run: () => stdout.write(helpText()) },
  tables: { usage: '.tables [PART]', summary: 'tables and views, or those with PART in their name', run: listTables },
  schema: { usage: '.schema [TABLE]', summary: 'the SQL that makes the tables, or one of them', run: showSchema },
  inspect: { usage: '.inspect [TABLE]', summary: 'columns, keys, indexes and constraints', run: showReport },
  mode: { usage: '.mode [FORMAT]', summary: `how rows are printed: ${formats.join(', ')}`, run: setMode },
  timer: { usage: '.timer [on|off]', summary: 'how long each statement took', run: setTimer },
  read: { usage: '.read FILE', summary: 'runs the statements of a file, up to the first that fails', run: readScript },
  quit: { usage: '.quit', summary: 'ends the shell, as Ctrl-D does; what is not committed is rolled back', run: ({ quit }) => quit() },
}

/** The words that a line with a point may begin with. */
export const dotNames: readonly string[] = Object.keys(dotCommands).map((name) => `.${name}`)

/** @throws {UsageError} there is no such command, or it is not understood */
export async function runDotCommand(line: string, context: DotContext): Promise<void> {
  const [word = '', ...rest] = line.trim().replace(/;$/, '').split(/\s+/)
  const name = word === '.exit' ? 'quit' : word.slice(1)
  const command = Object.hasOwn(dotCommands, name) ? dotCommands[name] : undefined
  if (command === undefined)
    throw new UsageError(`There is no command ${printableName(word)}.${didYouMean(word, dotNames)} .help tells which there are.`)
  const argument = rest.join(' ')
  await command.run(context, argument === '' ? undefined : argument)
}

function helpText(): string {
  const lines = Object.values(dotCommands).map(({ usage, summary }) => `  ${usage.padEnd(18)}${summary}\n`)
  return `Statements end with a semicolon, and may take several lines.
${lines.join('')}
Tab completes keywords, tables and columns. Ctrl-C takes back what was typed, and stops a statement that runs.
The prompt has a * in a transaction, and a ! in one that has failed: then ROLLBACK is all that works.
`
}

async function listTables({ session }: DotContext, part = ''): Promise<void> {
  const found = await session.look(async (executor) => {
    const inspector = inspect(executor)
    return [...(await inspector.tables()), ...(await inspector.views())]
  })
  const names = found.filter((name) => name.toLowerCase().includes(part.toLowerCase()))
  await stdout.write(names.length === 0 ? 'There is none.\n' : inColumns(names.sort().map(printable)))
}

/** Names side by side, as many as fit, read from top to bottom. */
function inColumns(names: readonly string[]): string {
  const width = names.reduce((most, name) => Math.max(most, widthOf(name)), 0) + 2
  const columns = Math.max(Math.floor((screenOf(process.stdout).width ?? width) / width), 1)
  const rows = Math.ceil(names.length / columns)
  const lines = Array.from({ length: rows }, (_, row) =>
    names.filter((_name, at) => at % rows === row).map((name) => padTo(name, width, 'right')),
  )
  return lines.map((line) => `${line.join('').trimEnd()}\n`).join('')
}

async function showSchema({ session }: DotContext, table?: string): Promise<void> {
  const text = await session.look((executor) => schemaText(executor, table === undefined ? undefined : [table]))
  await stdout.write(printableLines(text))
}

async function showReport({ session }: DotContext, table?: string): Promise<void> {
  const only = table === undefined ? undefined : [table]
  const described = await session.look((executor) => inspect(executor).describe({ views: true, only }))
  await stdout.write(reportOf(session.engine, described))
}

async function setMode({ settings }: DotContext, format?: string): Promise<void> {
  if (format === undefined) return await stdout.write(`${settings.format}\n`)
  const found = formats.find((known) => known === format)
  if (found === undefined) throw new UsageError(`There is no format ${printableName(format)}: expected ${formats.join(', ')}.`)
  settings.format = found
}

async function setTimer({ settings }: DotContext, state?: string): Promise<void> {
  if (state === undefined) return await stdout.write(`${settings.timer ? 'on' : 'off'}\n`)
  if (state !== 'on' && state !== 'off') throw new UsageError('The timer is "on" or "off".')
  settings.timer = state === 'on'
}

async function readScript({ runScript }: DotContext, file?: string): Promise<void> {
  if (file === undefined) throw new UsageError('Which file? .read FILE')
  await runScript(await readFile(file, 'utf8'))
}

import { basename } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { AbortError } from '../../errors.ts'
import { type SqlStatement, splitStatements } from '../../migrations/split-statements.ts'
import { scanStatement } from '../../sql/scan-statement.ts'
import { databaseName } from '../database-argument.ts'
import { duration, say } from '../messages.ts'
import { printable } from '../printable.ts'
import { reportError } from '../report-error.ts'
import { type Format, formats } from '../row-writer.ts'
import { describeOutcome } from '../run-statement.ts'
import { screenOf } from '../terminal.ts'
import { OutputClosedError, stdout } from '../text-output.ts'
import { version } from '../version.ts'
import { type Completion, completeSql } from './completion.ts'
import { type DotContext, dotNames, runDotCommand, type ShellSettings } from './dot-commands.ts'
import { History, historySize, joinEntries, onOneLine } from './history.ts'
import type { ShellSession } from './shell-session.ts'

export interface ShellOptions {
  readonly format: Format
  readonly header: boolean
  readonly historyFile: string
  /** Errors are told as JSON, where no person sits before it. */
  readonly jsonErrors: boolean
}

/**
 * Reads statements and runs them one after another, on one connection: at a terminal with a prompt, a history and completion; out of a pipe line by
 * line, without any of it, up to the first that fails.
 */
export class Shell {
  readonly #session: ShellSession
  readonly #options: ShellOptions
  readonly #settings: ShellSettings
  readonly #interactive = process.stdin.isTTY === true && process.stdout.isTTY === true
  readonly #history: History
  readonly #reader: Interface
  readonly #lineQueue: LineQueue
  /** As the reader keeps it: the last entry first. */
  #entries: string[] = []
  /** Lines of a statement that has not ended yet. */
  #lines: string[] = []
  /** Statements that were read together with the one that runs, and stand behind it. */
  #behind = 0
  #failed = false
  #quit = false
  /** By a signal: there is nobody to say anything to. */
  #stopped = false
  /** The reader: after Ctrl-D, which may be typed while a statement runs, it takes no prompt. */
  #closed = false

  constructor(session: ShellSession, options: ShellOptions) {
    this.#session = session
    this.#options = options
    this.#settings = { format: options.format, timer: true }
    this.#history = new History(options.historyFile)
    this.#entries = this.#interactive ? this.#history.load() : []
    this.#reader = createInterface({
      input: process.stdin,
      ...(this.#interactive ? { output: process.stdout } : {}),
      terminal: this.#interactive,
      history: this.#entries,
      historySize,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: null, completion: Completion) => void) => {
        this.#complete(line).then(
          (completion) => done(null, completion),
          () => done(null, [[], line]),
        )
      },
    })
    this.#lineQueue = new LineQueue(this.#reader)
  }

  /** @returns whether everything has worked: at a terminal always, for there the user has seen what has not */
  async run(): Promise<boolean> {
    this.#reader.on('history', (entries) => {
      this.#entries = entries
    })
    this.#reader.on('SIGINT', () => this.#interrupted())
    // The terminal has gone, as a window that is closed does.
    this.#reader.on('error', () => this.stop())
    this.#reader.once('close', () => {
      this.#closed = true
    })
    try {
      await this.#read()
      // What stands at the end of a pipe needs no semicolon.
      if (!this.#interactive && !this.#failed) await this.#runScript(this.#takeLines().join('\n'))
    } catch (error) {
      throw error instanceof OutputClosedError ? new OutputClosedError({ workLeft: this.#hasWorkLeft() }) : error
    } finally {
      // A reader that is left open keeps the process from ending, and the terminal from its user.
      this.#reader.close()
    }
    if (this.#session.transaction !== 'none' && !this.#stopped) say('The open transaction is rolled back.')
    return !this.#failed
  }

  /** Ends it: gives up what runs, and takes nothing more. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#quit = true
    this.#lines = []
    this.#lineQueue.drop()
    this.#reader.close()
    this.#session.cancel()
  }

  /** What has been typed or read may not be all that there is: then nobody knows. */
  #hasWorkLeft(): boolean {
    return (
      this.#session.transaction !== 'none' || this.#behind > 0 || this.#lines.some((line) => line.trim() !== '') || !this.#lineQueue.isAtEnd
    )
  }

  #takeLines(): readonly string[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  async #read(): Promise<void> {
    if (this.#interactive) {
      await this.#session.open()
      await stdout.write(`offloop ${version()}, ${this.#place()}: .help tells what there is.\n`)
    }
    while (!this.#quit && (this.#interactive || !this.#failed)) {
      this.#prompt()
      const line = await this.#lineQueue.next()
      if (line === null) {
        // Behind Ctrl-D the cursor stands behind the prompt.
        if (this.#interactive) await stdout.write('\n')
        return
      }
      await this.#take(line)
    }
  }

  #place(): string {
    return printable(databaseName(this.#session.engine.url))
  }

  #prompt(): void {
    if (!this.#interactive || this.#closed) return
    const { engine, transaction } = this.#session
    const { dialect, database, host } = engine.url
    const name = dialect === 'sqlite' ? basename(database ?? ':memory:') : (database ?? host ?? dialect)
    const mark = { none: '', open: '*', failed: '!' }[transaction]
    const first = `${printable(name)}${mark}> `
    const text = this.#lines.length === 0 ? first : '-> '.padStart(first.length)
    this.#reader.setPrompt(screenOf(process.stdout).paint(transaction === 'none' ? 'cyan' : 'yellow', text))
    // What was typed meanwhile keeps its cursor.
    this.#reader.prompt(true)
  }

  /** Ctrl-C: stops what runs, else takes back what was typed. */
  #interrupted(): void {
    if (this.#session.running) {
      this.#session.cancel()
      return
    }
    const nothing = this.#reader.line === '' && this.#lines.length === 0
    // To the end of the line, and then everything before it.
    this.#reader.write(null, { ctrl: true, name: 'e' })
    this.#reader.write(null, { ctrl: true, name: 'u' })
    process.stdout.write(nothing ? '^C  .quit or Ctrl-D ends the shell.\n' : '^C\n')
    this.#lines = []
    this.#prompt()
  }

  async #take(line: string): Promise<void> {
    try {
      if (this.#lines.length === 0 && /^\s*(?:\.|$)/.test(line)) {
        if (line.trim() === '') return
        this.#keep([line])
        return await this.#runDotCommand(line)
      }
      this.#lines.push(line)
      await this.#runWhatHasEnded()
    } catch (error) {
      if (error instanceof OutputClosedError) throw error
      if (error instanceof AbortError) return this.#tellGivenUp()
      this.#failed = !this.#interactive
      reportError(error, this.#options.jsonErrors && !this.#interactive)
    }
  }

  async #runDotCommand(line: string): Promise<void> {
    try {
      await runDotCommand(line, this.#dotContext())
    } finally {
      this.#tellLoss()
    }
  }

  /** Runs the statements that have ended with a semicolon; what is behind them is the beginning of the next one. */
  async #runWhatHasEnded(): Promise<void> {
    // Reading it all again with each line, a statement of many lines would take ever longer.
    if (!this.#lines.at(-1)?.includes(';')) return
    const text = this.#lines.join('\n')
    const { name } = this.#session.engine.dialect
    const statements = splitStatements(text, name)
    const last = statements.at(-1)
    const ended = last === undefined || scanStatement(`${last.text}\nselect 1`, name).statements > 1
    if (ended) this.#keep(this.#lines)
    this.#lines = ended ? [] : last.text.split('\n')
    await this.#runAll(ended ? statements : statements.slice(0, -1))
  }

  async #runScript(sql: string): Promise<void> {
    await this.#runAll(splitStatements(sql, this.#session.engine.dialect.name))
  }

  /** What stands behind a statement that fails or is given up was meant for when that had worked. */
  async #runAll(statements: readonly SqlStatement[]): Promise<void> {
    for (const [at, { text }] of statements.entries()) {
      this.#behind = statements.length - 1 - at
      if (this.#quit || !(await this.#runStatement(text))) return
    }
  }

  /** False where it was given up. */
  async #runStatement(sql: string): Promise<boolean> {
    const { format, timer } = this.#settings
    const begun = performance.now()
    try {
      const outcome = await this.#session.run(sql, { output: stdout, format, header: this.#options.header, tellsChanges: true })
      const ms = performance.now() - begun
      const took = timer ? ` (${duration(ms)})` : ''
      if (outcome === null) this.#tellGivenUp(took)
      else if (this.#interactive && format !== 'json' && format !== 'jsonl') say(`${describeOutcome(outcome)}${took}\n`)
      return outcome !== null
    } finally {
      this.#tellLoss()
    }
  }

  #tellGivenUp(took = ''): void {
    this.#lineQueue.drop()
    if (!this.#stopped) say(`Given up${took}.`)
  }

  #tellLoss(): void {
    if (!this.#session.takeLoss()) return
    this.#lineQueue.drop()
    if (!this.#stopped) say('The connection is lost, and what was not committed with it. The next statement gets a new one.')
  }

  /** Puts what was typed into the history: a statement of several lines as one entry. */
  #keep(lines: readonly string[]): void {
    if (!this.#interactive) return
    const entry = lines.length > 1 ? onOneLine(lines) : null
    if (entry !== null) joinEntries(this.#entries, lines, entry)
    this.#history.remember(entry === null ? lines : [entry])
  }

  async #complete(line: string): Promise<Completion> {
    const { engine } = this.#session
    if (this.#lines.length === 0 && line.startsWith('.')) {
      if (!line.includes(' ')) return [dotNames.filter((name) => name.startsWith(line)), line]
      const typed = line.slice(line.lastIndexOf(' ') + 1)
      const words = line.startsWith('.mode ') ? formats : (await this.#session.tables()).map(({ name }) => name)
      return [words.filter((word) => word.startsWith(typed)), typed]
    }
    const statement = [...this.#lines, line].join('\n')
    return completeSql(line, { dialect: engine.dialect, tables: await this.#session.tables(), statement })
  }

  #dotContext(): DotContext {
    return {
      session: this.#session,
      settings: this.#settings,
      quit: () => {
        this.#quit = true
        this.#reader.close()
      },
      runScript: (sql) => this.#runScript(sql),
    }
  }
}

/** Lines as they come, for whoever takes one after another: some come while a statement runs. */
class LineQueue {
  readonly #lines: (string | null)[] = []
  #waiting: ((line: string | null) => void) | null = null
  #ended = false

  constructor(reader: Interface) {
    reader.on('line', (line) => this.#put(line))
    reader.on('close', () => this.#put(null))
  }

  /** No more lines come, and none that are here say anything. */
  get isAtEnd(): boolean {
    return this.#ended && this.#lines.every((line) => line === null || line.trim() === '')
  }

  /** Null at the end. */
  async next(): Promise<string | null> {
    const line = this.#lines.shift()
    return line !== undefined ? line : await new Promise((resolve) => (this.#waiting = resolve))
  }

  /** Forgets what has been typed ahead: it was meant for after a statement that has not worked. */
  drop(): void {
    this.#lines.length = 0
    if (this.#ended) this.#lines.push(null)
  }

  #put(line: string | null): void {
    if (line === null) this.#ended = true
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting === null) this.#lines.push(line)
    else waiting(line)
  }
}

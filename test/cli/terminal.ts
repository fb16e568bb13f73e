import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'
import { onTestFinished } from 'vitest'
import { command } from './run-command.ts'

export const keys = { tab: '\t', enter: '\r', up: '\x1b[A', ctrlC: '\x03', ctrlD: '\x04' } as const

export interface TerminalOptions {
  readonly cwd: string
  readonly columns?: number
  readonly env?: Readonly<Record<string, string>>
}

/** `offloop` on a pseudo terminal, that of `script` of util-linux: somebody types, and sees what it writes. */
export class Terminal {
  readonly #child
  readonly #end: Promise<number | null>
  #ended = false
  #output = ''
  #seen = 0
  #wake = (): void => {}

  constructor(args: readonly string[], { cwd, columns = 80, env = {} }: TerminalOptions) {
    const line = [process.execPath, command, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(' ')
    // A terminal of CI is taken for one without colours: this one is a person's. Node.js 22 takes even an empty NO_COLOR for a wish.
    const { CI: _ci, FORCE_COLOR: _forced, NO_COLOR: _colourless, ...inherited } = process.env
    this.#child = spawn('script', ['--quiet', '--return', '--command', `stty cols ${columns} rows 40; exec ${line}`, '/dev/null'], {
      cwd,
      env: { ...inherited, TERM: 'xterm', LANG: 'C.UTF-8', LC_ALL: '', OFFLOOP_URL: '', NODE_OPTIONS: '', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#end = once(this.#child, 'close').then(([code]) => {
      this.#ended = true
      this.#wake()
      return code as number | null
    })
    this.#child.stdin.on('error', () => {})
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
      this.#wake()
    })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  /** Everything that was written, with its escape sequences. */
  get output(): string {
    return this.#output
  }

  type(text: string): void {
    this.#child.stdin.write(text)
  }

  /** Types the beginning of a word, and Tab by itself, as one inside a text that is pasted is a Tab; waits for what that adds. */
  async complete(beginning: string, added: string): Promise<void> {
    this.type(beginning)
    await this.until(beginning)
    this.type(keys.tab)
    await this.until(added)
  }

  /**
   * Waits until something is written behind what was waited for last, and gives what came before it, without escape sequences.
   *
   * @throws {Error} the program has ended, and has not written it
   */
  async until(expected: string): Promise<string> {
    for (;;) {
      const text = this.#text()
      const at = text.indexOf(expected, this.#seen)
      if (at !== -1) {
        const before = text.slice(this.#seen, at)
        this.#seen = at + expected.length
        return before
      }
      if (this.#ended) throw new Error(`The program has ended without ${JSON.stringify(expected)}. It wrote: ${text.slice(this.#seen)}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** What is behind what was waited for last, when the program has ended. */
  async rest(): Promise<string> {
    await this.#end
    return this.#text().slice(this.#seen)
  }

  #text(): string {
    return stripVTControlCharacters(this.#output).replaceAll('\r', '')
  }

  /** Goes, as a window does that is closed. */
  hangUp(): void {
    this.#child.kill('SIGKILL')
  }

  /** The exit code, when it has ended by itself. */
  async end(): Promise<number | null> {
    return await this.#end
  }
}

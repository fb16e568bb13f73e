import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { describeError } from '../failure.ts'
import { say } from '../messages.ts'

/** Entries that are kept. */
export const historySize = 1_000

/** What is not for a file: MySQL's own client leaves out the same. */
const secret = /password|identified\s+by|:\/\/[^\s:@/]*:[^\s@]+@/i

/** The lines that were typed, in a file that only its owner can read: one entry a line, the last one at its end. */
export class History {
  readonly #file: string
  #writable = true

  constructor(file: string) {
    this.#file = file
  }

  /** The last entries, the last one first. */
  load(): string[] {
    let lines: readonly string[]
    try {
      lines = readFileSync(this.#file, 'utf8').split('\n')
    } catch {
      return []
    }
    const entries = lines.filter((line) => line !== '')
    const last = entries.slice(-historySize)
    if (entries.length > 2 * historySize) this.#write(() => writeFileSync(this.#file, `${last.join('\n')}\n`, { mode: 0o600 }))
    return last.toReversed()
  }

  /** Keeps an entry, unless there may be a password in it. */
  remember(entry: string): void {
    if (entry.trim() === '' || secret.test(entry)) return
    this.#write(() => {
      mkdirSync(dirname(this.#file), { recursive: true })
      appendFileSync(this.#file, `${entry}\n`, { mode: 0o600 })
    })
  }

  /** A history that cannot be written keeps nobody from working: it is said once. */
  #write(write: () => void): void {
    if (!this.#writable) return
    try {
      write()
    } catch (error) {
      this.#writable = false
      say(`The history is not kept: ${describeError(error)}`)
    }
  }
}

/** Where it is kept when nothing is said. */
export function defaultHistoryFile(): string {
  return process.env['OFFLOOP_HISTORY'] || join(homedir(), '.offloop_history')
}

/**
 * A statement of several lines as one line, which the arrow keys bring back whole; null where a line's end means something: behind a comment, and
 * inside a text.
 */
export function onOneLine(lines: readonly string[]): string | null {
  const isWhole = (line: string): boolean =>
    !/--|#|\$\$|\/\*/.test(line) && [/'/g, /"/g, /`/g].every((quote) => (line.match(quote)?.length ?? 0) % 2 === 0)
  return lines.every(isWhole)
    ? lines
        .map((line) => line.trim())
        .join(' ')
        .trim()
    : null
}

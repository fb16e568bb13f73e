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

  /** Keeps the lines of what was typed at a time, unless there may be a password in them: none of them then, for it may stand in another line than its word. */
  remember(lines: readonly string[]): void {
    const entries = lines.filter((line) => line.trim() !== '')
    if (entries.length === 0 || secret.test(entries.join('\n'))) return
    this.#write(() => {
      mkdirSync(dirname(this.#file), { recursive: true })
      appendFileSync(this.#file, `${entries.join('\n')}\n`, { mode: 0o600 })
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
 * Puts an entry in the place of the lines that it was typed in. The reader has left out blank ones, and those that it had already, and there may be
 * others on top of them that were typed meanwhile.
 *
 * @param entries the last one first
 */
export function joinEntries(entries: string[], lines: readonly string[], entry: string): void {
  for (const line of [...lines, entry]) {
    const at = entries.indexOf(line)
    if (at !== -1) entries.splice(at, 1)
  }
  entries.unshift(entry)
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

import { clearLine, cursorTo } from 'node:readline'
import { count, duration, say } from './messages.ts'
import { type Screen, screenOf } from './terminal.ts'

const drawEveryMs = 80
const tellEveryMs = 5_000
const barWidth = 24

export interface ProgressOptions {
  /** What is done, as in `backup`. */
  readonly label: string
  /** What is counted, as in `rows`. */
  readonly unit: string
  /** Says nothing at all. */
  readonly quiet: boolean
}

/** How far a long piece of work has come: a bar that is drawn over itself on a terminal, a line now and then in a pipe; on stderr in both. */
export class Progress {
  readonly #options: ProgressOptions
  readonly #screen: Screen = screenOf(process.stderr)
  readonly #begun = performance.now()
  #shownAt = this.#begun
  #drawn = false

  constructor(options: ProgressOptions) {
    this.#options = options
  }

  /** @param total null where nobody knows it */
  update(done: number, total: number | null): void {
    const now = performance.now()
    if (this.#options.quiet || now - this.#shownAt < (this.#screen.isTerminal ? drawEveryMs : tellEveryMs)) return
    this.#shownAt = now
    if (this.#screen.isTerminal) this.#draw(done, total)
    else say(`${this.#options.label}: ${this.#figures(done, total)}`)
  }

  /** Takes the bar away: what comes of the work is another's to say. */
  end(): void {
    if (!this.#drawn) return
    this.#drawn = false
    clearLine(process.stderr, 0)
    cursorTo(process.stderr, 0)
  }

  #draw(done: number, total: number | null): void {
    const bar = total === null ? '' : `${this.#bar(total === 0 ? 1 : done / total)} `
    const line = `${this.#options.label} ${bar}${this.#figures(done, total)}`
    this.end()
    this.#drawn = true
    process.stderr.write(line.slice(0, (this.#screen.width ?? 80) - 1))
  }

  #bar(share: number): string {
    const [full, empty] = this.#screen.unicode ? ['█', '░'] : ['#', '-']
    const filled = Math.round(Math.min(share, 1) * barWidth)
    return full.repeat(filled) + empty.repeat(barWidth - filled)
  }

  #figures(done: number, total: number | null): string {
    const elapsed = performance.now() - this.#begun
    const { unit } = this.#options
    if (total === null) return `${count(done)} ${unit}, ${count(Math.round((done / elapsed) * 1_000))} a second`
    const left = done === 0 ? '' : `, ${duration((elapsed / done) * (total - done))} left`
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
    return `${percent} %, ${count(done)} of ${count(total)} ${unit}${left}`
  }
}
